"""`check --deploy`, as operators are told to run it."""

from tests.core.deployment import check


def test_a_sane_production_has_no_warning() -> None:
    done = check()
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


def test_a_weak_production_has_one() -> None:
    done = check(SECRET_KEY="short")
    assert done.returncode == 1
    assert "security.W009" in done.stderr or "coordination.E002" in done.stderr
