"""Run `check --deploy` as a production that is configured sanely: `python -m tests.core.deployment`."""

import os
import subprocess
import sys
from pathlib import Path

from tests.core.production import PRODUCTION

ROOT = Path(__file__).resolve().parents[2]
# Checks connect to no database; production only has to name one.
DATABASE = "postgres://coordination_app@127.0.0.1:5432/coordination"


def check(**changed: str) -> subprocess.CompletedProcess[str]:
    """Return what the check said; a warning fails it. `changed` stands in place of sane settings."""
    return run("-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **changed)


def run(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Return what our Python said to `arguments`, as production."""
    passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**passed_on, **PRODUCTION, "DATABASE_URL": DATABASE, **changed},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    done = check()
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr if done.returncode else "")
    sys.exit(done.returncode)
