# Concord. `make run` starts it, `make test` tests everything, `make check` lints, `make bench` measures.
PORT ?= 8000
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
WORKERS ?= auto
UV := $(shell command -v uv 2>/dev/null)
NPM := $(shell command -v npm 2>/dev/null || echo .venv-npm/bin/npm)
VENDOR := static/vendor
# The databases that the first tests made serve the browsers too; on a server of somebody's, none is left behind.
KEEP = $(if $(DATABASE_URL),,--reuse-db)
BROWSER_TESTS = $(sort $(shell grep -rl --include='test_*.py' mark.browser tests))

.DEFAULT_GOAL := help
.PHONY: help run dev test check bench requirements clean

help:
	@echo "make run     start Concord on http://127.0.0.1:$(PORT) (PORT= for another port)"
	@echo "make test    run every test on a throw-away PostgreSQL"
	@echo "make check   run the linters and the type checker"
	@echo "make bench   measure what docs/speed.md promises"
	@echo "make dev     like run, with the developers' error pages and reloading"

# Users need no test packages: .ready has what `run` needs, .ready-dev adds the rest.
$(VENV)/.ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Concord needs Python 3.11 or newer.")'
ifdef UV
	uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	uv pip install --quiet --python $(PY) --require-hashes -r requirements.txt
else
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
endif
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.txt
ifdef UV
	uv pip install --quiet --python $(PY) --require-hashes -r requirements-dev.txt
else
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
endif
	@touch $@

.venv-npm/bin/npm: requirements-node.txt
	$(PYTHON) -m venv .venv-npm
	.venv-npm/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-node.txt

# The front-end packages, pinned by package-lock.json; only the files that pages load are copied out.
$(VENDOR)/.ready: package.json package-lock.json Makefile | $(if $(findstring .venv-npm,$(NPM)),.venv-npm/bin/npm)
	PATH="$(CURDIR)/.venv-npm/bin:$$PATH" $(NPM) ci --ignore-scripts --omit=optional --silent --no-audit --no-fund
	mkdir -p $(VENDOR)/pdfjs
	cp node_modules/htmx.org/dist/htmx.min.js $(VENDOR)/
	cp node_modules/pdfjs-dist/legacy/build/pdf.min.mjs node_modules/pdfjs-dist/legacy/build/pdf.worker.min.mjs $(VENDOR)/pdfjs/
	cp -r node_modules/pdfjs-dist/cmaps node_modules/pdfjs-dist/standard_fonts node_modules/pdfjs-dist/wasm $(VENDOR)/pdfjs/
	# Nothing here loads source maps, and collecting static files would look for them.
	sed -i.map -e '/sourceMappingURL/d' $$(find $(VENDOR) -name '*.css' -o -name '*.js' -o -name '*.mjs') && find $(VENDOR) -name '*.map' -delete
	@touch $@

# Collecting compresses every file: only when one has changed.
var/static/.ready: $(VENV)/.ready $(VENDOR)/.ready $(shell find static -path $(VENDOR) -prune -o -type f -print)
	@$(PY) manage.py collectstatic --noinput --verbosity 0
	@touch $@

run: $(VENV)/.ready $(VENDOR)/.ready var/static/.ready
	@$(PY) manage.py migrate --noinput --verbosity 0
	@$(PY) manage.py demo --address http://127.0.0.1:$(PORT)
	@CONCORD_URL=http://127.0.0.1:$(PORT) exec $(VENV)/bin/gunicorn mapping.wsgi --config mapping/site/gunicorn.py --bind 127.0.0.1:$(PORT)

dev: $(VENV)/.ready-dev $(VENDOR)/.ready
	@$(PY) manage.py migrate --noinput --verbosity 0
	@DEBUG=1 CONCORD_URL=http://127.0.0.1:$(PORT) $(PY) manage.py runserver 127.0.0.1:$(PORT)

# A PostgreSQL of the tests' own, removed afterwards; with DATABASE_URL set, a test database on that server.
test: $(VENV)/.ready-dev $(VENDOR)/.ready
# The browsers, one for each worker, have the machine to themselves, after the rest; only their files are read.
ifdef ARGS
	@VAR_DIR=var/test $(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS); status=$$?; \
	$(PY) -m mapping.site.embedded stop var/test/postgres; rm -rf var/test; exit $$status
else
	@VAR_DIR=var/test $(PY) -m pytest -n $(WORKERS) --dist worksteal $(KEEP) --create-db -m "not browser" && VAR_DIR=var/test $(PY) -m pytest -n $(WORKERS) --dist worksteal $(KEEP) -m browser $(BROWSER_TESTS); status=$$?; \
	$(PY) -m mapping.site.embedded stop var/test/postgres; rm -rf var/test; exit $$status
endif

check: $(VENV)/.ready-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/djlint --quiet --lint templates
	$(VENV)/bin/djlint --quiet --lint templates --extension jinja --profile jinja
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/mypy
	$(PY) manage.py makemigrations --check --dry-run --verbosity 0
	$(PY) manage.py check --fail-level WARNING

bench: $(VENV)/.ready-dev $(VENDOR)/.ready .venv-bench/.ready
	$(PY) -m bench

.venv-bench/.ready: requirements-bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

# Lock files for every platform, without the addresses they came from.
COMPILE = uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --python-version 3.11 --custom-compile-command "make requirements"
EXTRA = $(PYTHON) -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$(1)'], sep='\n')"
requirements:
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt
	$(call EXTRA,bench) | $(COMPILE) - -o requirements-bench.txt
	$(call EXTRA,node) | $(COMPILE) - -o requirements-node.txt

clean:
	-$(PY) -m mapping.site.embedded stop var/postgres
	rm -rf .venv .venv-bench .venv-npm node_modules $(VENDOR) var
