# Every command of the workbench. Person, CI and scheduler type the same words.
.DEFAULT_GOAL := help
SHELL := /bin/bash
DATASET ?= pinecone
REPORT_LANG ?= zh
AS_OF ?=
NAME ?=
OUT ?=
WORKERS ?=
SIZES ?=
PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python

setup: .venv/.stamp  ## make .venv and install the locked packages

report: .venv/.stamp  ## run the notebooks and write the report: make report DATASET=cdnow AS_OF=1998-07-01 REPORT_LANG=en OUT=folder
	@$(PY) -m custlib report --dataset "$(DATASET)" $(if $(AS_OF),--as-of "$(AS_OF)") --lang "$(REPORT_LANG)" $(if $(OUT),--out "$(OUT)") $(if $(WORKERS),--workers "$(WORKERS)")

test: .venv/.test  ## lint, unit, property, browser and fault tests, docstring examples, notebooks
	@$(PY) -m ruff check -q .
	@$(PY) -m custlib notebooks check
	@$(PY) -m pytest -q --nbval --nbval-cell-timeout=300 --nbval-sanitize-with tests/nbval.cfg notebooks
	@$(PY) -m pytest -q -n 2 --dist loadgroup

notebooks: .venv/.stamp  ## rebuild notebooks/*.ipynb from notebooks/src, executed
	@$(PY) -m custlib notebooks build

lab: .venv/.stamp  ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks

bench: .venv/.test  ## measure speed and memory as ratios, rewrite tests/benchmarks/README.md and its picture: make bench SIZES=1e5,1e6
	@SIZES="$(SIZES)" $(PY) tests/benchmarks/bench.py

fuzz: .venv/.test  ## throw 100,000 hostile inputs at the readers, the mapping and the build: make fuzz N=1000 SEED=2
	@$(PY) tests/fuzz.py --n "$(or $(N),100000)" --seed "$(or $(SEED),1)"

lint: .venv/.test  ## check the style of the code
	@$(PY) -m ruff check .

extra: .venv/.stamp  ## install what a database server or a cluster needs: make extra NAME=postgres (or mysql, spark)
	@case "$(NAME)" in postgres|mysql|spark) ;; *) echo "extra: say NAME=postgres, NAME=mysql or NAME=spark" >&2; exit 2;; esac
	@bash requirements/install.sh "$(PYTHON)" "requirements/$(NAME).lock"

clean:  ## remove .venv, builds and runs; your raw data stay
	@rm -rf .venv reports/runs data/*/build data/*/refused data/*/.build* .pytest_cache .ruff_cache .hypothesis

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

.venv/.stamp: requirements.lock requirements/setup.lock pyproject.toml
	@bash requirements/install.sh "$(PYTHON)" requirements.lock
	@touch $@

.venv/.test: .venv/.stamp requirements/test.lock
	@bash requirements/install.sh "$(PYTHON)" requirements/test.lock
	@touch $@

.PHONY: setup report test notebooks lab bench fuzz lint extra clean help
