# The commands of the README. The first call creates the environment in .venv; later calls find it ready.

.PHONY: demo pictures test test-long lint audit clean
.SILENT:

# Standards and data that tests check against and that are not part of the source; tests skip without them.
export COORDINATION_STANDARDS_DIR ?= $(CURDIR)/../shared/standards
export COORDINATION_DATA_DIR ?= $(CURDIR)/../shared/data

demo:
	scripts/environment >&2
	.venv/bin/python manage.py demo $(ARGS)

pictures:
	scripts/environment
	COORDINATION_PICTURES=1 .venv/bin/pytest -n0 -q tests/browser/test_pages.py

test:
	scripts/environment
	scripts/lint
	scripts/tests -m "not long" $(ARGS)
	cat var/not-checked 2> /dev/null || true

test-long:
	scripts/environment
	scripts/tests -m long --timeout 3600 $(ARGS)

lint:
	scripts/environment
	scripts/lint

# Fails where anything is known of a dependency, and where that could not be asked.
audit:
	scripts/environment
	COORDINATION_AUDIT=required scripts/audited

clean:
	echo "Deleting the environment, caches, local keys and the embedded database"
	if [ -x .venv/bin/python ]; then .venv/bin/python manage.py database erase --yes; fi
	rm -rf .venv var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage *.egg-info
