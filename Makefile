# mailwarden: `make test` and `make demo` set everything up by themselves, in .venv inside this checkout.

PYTHON ?=
BIN := .venv/bin
READY := .venv/.ready
PREFIX ?= /opt/mailwarden

.PHONY: help test check format lint types imports unit sigma wheel demo docs bench pictures soak install deb lock clean

help:
	@echo "make demo    follow sample logs as they grow: incidents, an alert, a report (about a minute)"
	@echo "make test    everything that must hold: format, lint, types, imports, tests, sigma-cli, the built wheel"
	@echo "make check   the same without the tests and the wheel"
	@echo "make install  put it into /opt/mailwarden (PREFIX=...) and link /usr/local/bin/mailwarden"
	@echo "make docs    the documentation as a web site, in site/"
	@echo "make deb     a Debian package, in dist/"
	@echo "make pictures  every page of  mailwarden web  as a picture"
	@echo "make bench   the numbers of the README, beside those of other tools"
	@echo "make soak    follow, rotate and kill for a long time"
	@echo "make lock    renew requirements/*.txt (needs uv)"
	@echo "make clean   remove what was built"

test: check unit sigma wheel

check: format lint types imports

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/python -m pytest

# sigma-cli itself, in an environment of its own: it wants an older pySigma than mailwarden uses.
sigma: $(READY)
	tests/sigma.sh $(BIN)/python

# What is built must work where the checkout is not: an environment of its own, with the locked run-time dependencies.
wheel: $(READY)
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist . >build-log.txt 2>&1 || { cat build-log.txt; exit 1; }
	rm -f build-log.txt
	tests/wheel.sh

demo: $(READY)
	$(BIN)/python demo/run.py

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "The documentation is in site/index.html"

# Every page of `mailwarden web` as a picture, in both languages and colours, and as a phone shows it: to be looked at.
pictures: $(READY)
	mkdir -p pictures
	MAILWARDEN_PICTURES=pictures $(BIN)/python -m pytest -q tests/pipeline/web/test_browser.py -k "every_page or first_screen"
	for name in now-en incident-en now-ja; do cp pictures/fair-$$name.png docs/pictures/$$name.png; done

bench: $(READY)
	$(BIN)/python -m bench.run --write

soak: $(READY)
	$(BIN)/python -m bench.soak

install:
	requirements/setup.sh install $(PREFIX) $(PYTHON)
	@mkdir -p $(PREFIX)/share/man/man1 $(PREFIX)/share/man/ja/man1 $(PREFIX)/share/bash-completion/completions \
		$(PREFIX)/share/zsh/site-functions $(PREFIX)/share/fish/vendor_completions.d
	@LANGUAGE=en $(PREFIX)/bin/python -m mailwarden.pipeline.cli.manual >$(PREFIX)/share/man/man1/mailwarden.1
	@LANGUAGE=ja PYTHONUTF8=1 $(PREFIX)/bin/python -m mailwarden.pipeline.cli.manual >$(PREFIX)/share/man/ja/man1/mailwarden.1
	@_MAILWARDEN_COMPLETE=bash_source $(PREFIX)/bin/mailwarden >$(PREFIX)/share/bash-completion/completions/mailwarden
	@_MAILWARDEN_COMPLETE=zsh_source $(PREFIX)/bin/mailwarden >$(PREFIX)/share/zsh/site-functions/_mailwarden
	@_MAILWARDEN_COMPLETE=fish_source $(PREFIX)/bin/mailwarden >$(PREFIX)/share/fish/vendor_completions.d/mailwarden.fish
	@test ! -w /usr/local/bin || ln -sfn $(PREFIX)/bin/mailwarden /usr/local/bin/mailwarden
	@test ! -w /usr/local/share || for file in man/man1/mailwarden.1 man/ja/man1/mailwarden.1 \
		bash-completion/completions/mailwarden zsh/site-functions/_mailwarden; do \
		mkdir -p "$$(dirname "/usr/local/share/$$file")" && ln -sfn "$(PREFIX)/share/$$file" "/usr/local/share/$$file"; \
	done
	@test ! -w /etc/fish/completions || ln -sfn $(PREFIX)/share/fish/vendor_completions.d/mailwarden.fish /etc/fish/completions/

deb:
	packaging/deb.sh

lock:
	requirements/lock.sh

clean:
	rm -rf build dist site demo-output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .grimp_cache src/*.egg-info
	find . -name __pycache__ -type d -not -path './.venv/*' -exec rm -rf {} +

$(READY): requirements/dev.txt requirements/setup.sh pyproject.toml
	requirements/setup.sh develop $(PYTHON)
	@touch $@
