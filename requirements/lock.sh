#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml and setup.in: hashes, no address. Then run `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(--python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --upgrade)
uv=${UV:-.venv/bin/uv}
$uv pip compile "${options[@]}" requirements/setup.in -o requirements/setup.lock
$uv pip compile "${options[@]}" pyproject.toml -o requirements.lock
for extra in postgres mysql spark; do  # only what an extra adds, in versions that go with requirements.lock
  .venv/bin/python -c 'import sys, tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"][sys.argv[1]], sep="\n")' $extra |
    $uv pip compile "${options[@]}" -c requirements.lock - -o requirements/$extra.lock
done
$uv pip compile "${options[@]}" tests/benchmarks/peers.in -o tests/benchmarks/peers.lock  # tools that `make bench` compares with, in an environment of their own
$uv pip compile "${options[@]}" --group test -c requirements.lock -c requirements/postgres.lock -c requirements/mysql.lock -c requirements/spark.lock -o requirements/test.lock
