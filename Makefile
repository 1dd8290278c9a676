# Everything a fresh machine with Python 3.11 to 3.13 and make needs.
PYTHON ?= python3
VENV := .venv

.PHONY: demo test test-slow lint docs clean

demo: $(VENV)/installed
	$(VENV)/bin/python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits

test: $(VENV)/installed
	$(VENV)/bin/python -m pytest tests -n 2 --dist loadfile

test-slow: $(VENV)/installed
	$(VENV)/bin/python -m pytest tests -m slow -n 2 --dist loadfile

lint: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/basedpyright --level error

$(VENV)/installed: setup.cfg setup.py pyproject.toml
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11 to 3.13 is needed, this is {v[0]}.{v[1]}; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q -e '.[dev]'
	touch $@

docs: $(VENV)/installed-docs
	$(VENV)/bin/python -m sphinx -W --keep-going -n -q -b html docs docs/_build/html

$(VENV)/installed-docs: $(VENV)/installed
	$(VENV)/bin/pip install -q -e '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) runs docs/_build
