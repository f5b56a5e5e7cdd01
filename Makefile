# `make run` starts Labeler, `make test` checks all of it. Python 3.11 or newer is all they need.
.DEFAULT_GOAL := help
.PHONY: help run test format venv dev screenshots words sbom

python := .venv/bin/python

help:
	@echo "make run          install what is missing, start Labeler, print a link that signs you in"
	@echo "make test         lint, types, migrations, then every test; the last line is the result"
	@echo "make format       put the code in its usual form"
	@echo "make screenshots  take the README's pictures again"
	@echo "make sbom         write sbom.json: every pinned package, as CycloneDX"
	@echo "make words        gather what is to be translated, and compile the translations"

run: venv
	@exec $(python) manage.py up

test: dev
	@sh tools/check.sh

format: dev
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

screenshots: dev
	$(python) docs/img/shoot.py

sbom: dev
	$(python) -m cyclonedx_py requirements requirements.txt --output-reproducible --of JSON -o sbom.json

words: dev
	@sh tools/words.sh $(python)

venv:
	@sh tools/venv.sh requirements.txt

dev: venv
	@sh tools/venv.sh requirements-dev.txt
