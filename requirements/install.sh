#!/usr/bin/env bash
# Install a lock file into .venv: by uv where it can reach the packages, else by pip, from the same hashes.
set -euo pipefail
python=$1 lock=$2 bin=.venv/bin
say() { echo "setup: $*" >&2; }
if [ ! -x $bin/python ]; then
  "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    say "Python 3.11 is needed, $("$python" --version 2>&1 || echo none) was found; say: make setup PYTHON=/path/to/python3.11"; exit 2; }
  "$python" -m venv .venv
fi
if [ ! -x $bin/uv ]; then
  $bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/setup.lock >&2
fi
say "installing $lock"
$bin/uv pip install -q --python $bin/python --require-hashes --compile-bytecode -r "$lock" >&2 || {
  say "uv could not; trying pip, which takes longer"
  $bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lock" >&2; }
if ! $bin/python -c 'import importlib.metadata as m; m.version("custlib")' 2>/dev/null; then
  $bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e . >&2
fi
