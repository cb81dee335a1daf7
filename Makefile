# InfraOps: `make` lists what there is.
#
# Everything lives in .venv; nothing is installed elsewhere, except what `make test` says.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo run migrate test check chaos bench pictures fonts lock sbom audit env venv packages clean

help: ## List these targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: env $(VENV)/base ## Set up, and run a real playbook as a real job
	@$(MANAGE) demo

run: env $(VENV)/base migrate staticfiles/staticfiles.json ## Run the console and a worker until Ctrl-C (PORT=8001: another port)
	@$(MANAGE) run_console $(if $(PORT),--bind 127.0.0.1:$(PORT))

migrate: env $(VENV)/base ## Bring the database up to date
	@$(MANAGE) migrate --verbosity 0

# Scripts, styles and fonts: compressed, and named for what they hold.
staticfiles/staticfiles.json: $(VENV)/base $(shell find static -type f 2>/dev/null)
	@echo "Collecting and compressing scripts, styles and fonts."
	@$(MANAGE) collectstatic --no-input --verbosity 0

test: packages $(VENV)/dev check ## Check everything, then run the tests on SQLite and MariaDB
	$(BIN)/python -m tests.run $(ARGS)

check: packages $(VENV)/dev ## Style, layers, types, settings, migrations, templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy
	DJANGO_SETTINGS_MODULE=tests.settings $(MANAGE) check --fail-level WARNING
	DJANGO_SETTINGS_MODULE=tests.production $(MANAGE) check --deploy --fail-level WARNING
	DJANGO_SETTINGS_MODULE=tests.settings $(MANAGE) makemigrations --check --dry-run
	$(BIN)/djlint --quiet --lint templates

chaos: packages $(VENV)/dev ## Disturb a whole installation at random and check what must hold
	$(BIN)/python -m tests.chaos $(ARGS)

bench: $(VENV)/base ## Measure jobs against bare ansible-playbook, pages, the console under load
	@$(BIN)/python -m bench $(ARGS)

pictures: $(VENV)/dev ## Retake the pictures in the docs, with made-up data
	@$(BIN)/python -m docs.pictures

fonts: $(VENV)/base ## Rebuild the fonts after a change to static/fonts/icons.txt
	@$(PYTHON) -m venv $(VENV)/fonts
	@$(VENV)/fonts/bin/pip --disable-pip-version-check --quiet install fonttools brotli
	@PYTHONPATH=$$(echo $(VENV)/lib/python*/site-packages) $(VENV)/fonts/bin/python docs/fonts.py

# Each package with the hashes of all its files, for Python 3.11 and later. Changed pins go into the
# .in files; others keep the versions that the .txt files have.
lock: ## Rewrite requirements/*.txt, with hashes, from requirements/*.in
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/pip --disable-pip-version-check --quiet install uv==0.13.9
	@cd requirements && for name in build base mysql prod dev audit; do \
		../$(VENV)/lock/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
			$$name.in --output-file $$name.txt; \
	done

sbom: $(VENV)/audit ## Write sbom.json: what an installation consists of, as CycloneDX
	@$(VENV)/audit-tools/bin/cyclonedx-py requirements requirements/prod.txt \
		--output-reproducible --output-format JSON --output-file sbom.json
	@echo "sbom.json lists the packages of requirements/prod.txt."

audit: $(VENV)/audit ## Look for published advisories about our dependencies (needs the network)
	@$(VENV)/audit-tools/bin/python docs/advisories.py

env: .env

# Written once, with secrets of its own, and never again: it is yours.
.env:
	@echo "Writing .env with a fresh SECRET_KEY and a fresh encryption key."
	@umask 077 && sed \
		-e "s|^SECRET_KEY=.*|SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(50))')|" \
		-e "s|^ENCRYPTION_KEYS=.*|ENCRYPTION_KEYS=$$($(PYTHON) -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')|" \
		.env.example > .env.new && mv .env.new .env

venv: $(VENV)/base ## Create the virtual environment

# Each of these files says: installed, from requirements as old as this.
$(VENV)/base: requirements/base.txt
	@echo "Installing what InfraOps needs into $(VENV) (about 40 packages)."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --only-binary :all: --requirement $<
	@touch $@

$(VENV)/dev: requirements/dev.txt requirements/build.txt $(VENV)/base | packages
	@echo "Installing what the tests and checks need into $(VENV)."
	@$(PIP) install --require-hashes --requirement requirements/build.txt
	@$(PIP) install --require-hashes --no-build-isolation --requirement $<
	@touch $@

$(VENV)/audit: requirements/audit.txt $(VENV)/base
	@$(PYTHON) -m venv $(VENV)/audit-tools
	@$(VENV)/audit-tools/bin/pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

packages:
	@PYTHON=$(PYTHON) sh tests/install_packages.sh

clean: ## Remove the virtual environment and caches; .env and the database stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache staticfiles test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
