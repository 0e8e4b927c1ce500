# Everything a newcomer needs: `make demo`, `make test`. All of it lives in .venv; nothing else is touched,
# except that `make test` installs Debian packages (Chromium, Node) that are missing, where we may.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
PORT ?= 7860
WORKERS ?= 2
CODE := exbert_hub tests benchmarks app.py

.PHONY: demo test test-slow quality style architectures paper-cases tour screenshots bench clean

demo: $(VENV)/.installed
	$(BIN)/hf-exbert launch --port $(PORT)

test: $(VENV)/.installed-test
	@.ci/system
	$(BIN)/python -m pytest tests -m "not slow" -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
	node --test tests/js/*.test.js

test-slow: $(VENV)/.installed-test
	@.ci/system
	$(BIN)/python -m pytest tests -m slow --timeout 3600

quality: $(VENV)/.installed-dev node_modules/.installed
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	npm run --silent quality

style: $(VENV)/.installed-dev node_modules/.installed
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)
	npm run --silent format

architectures: $(VENV)/.installed-test
	$(BIN)/python benchmarks/architectures.py

# writes docs/paper_cases.md from the embedded demo
paper-cases: $(VENV)/.installed
	$(BIN)/python benchmarks/paper_cases.py

# executes docs/tour.ipynb and keeps what its cells return
tour: $(VENV)/.installed-test
	$(BIN)/python benchmarks/tour.py

# writes the README's pictures
screenshots: $(VENV)/.installed-test
	@.ci/system
	$(BIN)/python benchmarks/screenshots.py

# writes docs/benchmarks.md in 20 minutes; QUICK=1 prints a shorter run
bench: $(VENV)/.installed-bench
	@.ci/system
	$(BIN)/python -m benchmarks.run $(if $(QUICK),--quick)

clean:
	rm -rf $(VENV) node_modules

# what checks the page's scripts, pinned by package-lock.json; the page itself needs none of it
node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: sudo apt-get install npm" >&2; exit 1; }
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# the constraints file pins what we test with, CPU torch first of all; pyproject keeps the ranges open
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[bench]'
	@touch $@ $(VENV)/.installed $(VENV)/.installed-test

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed $(VENV)/.installed-test
