"""Secrets that development makes for itself, once, in files that only their owner reads."""

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from coordination.core.embedded.errors import UnusableDirectory

KEY_BYTES = 32
PRIVATE_DIRECTORY = 0o700


def local_keys(var_dir: Path) -> dict[str, str]:
    """Return the keys of this checkout, generated on first use under `var_dir`.

    SECRET_KEY is Django's, SEALING_KEY is `k1:` and base64 of 32 bytes, BLIND_INDEX_KEY base64 of 32 bytes.
    """
    return once(var_dir / "keys.json", _new_keys)


def local_signing_key(var_dir: Path) -> str:
    """Return the key with which this checkout signs its ledger, made on first use: 32 bytes in base64."""
    made = once(var_dir / "ledger-key.json", lambda: {"LEDGER_SIGNING_KEY": _random_base64()})
    return made["LEDGER_SIGNING_KEY"]


def once(path: Path, make: Callable[[], Mapping[str, str]]) -> dict[str, str]:
    """Return what the JSON file at `path` holds, writing `make()` there first if there is no such file.

    Processes that start at once agree on one content: a complete file is linked into place, the first wins.
    """
    try:
        if not path.exists():
            _link_into_place(path, json.dumps(dict(make()), indent=2))
        content: dict[str, str] = json.loads(path.read_text())
    except ValueError as error:
        raise UnusableDirectory(f"{path} is damaged. Move it away and start again.") from error
    except OSError as error:
        raise unusable(path, error) from error
    return content


def unusable(path: Path, error: OSError) -> UnusableDirectory:
    """Return the error that says why `path` cannot be used, and what to do."""
    return UnusableDirectory(
        f"Cannot use {path}: {error.strerror}. Development keeps its keys and its database there, for the "
        "user who ran this checkout first: run as that user, or remove the directory to start anew."
    )


def private_directory(path: Path) -> Path:
    """Make `path`, and what is missing above it, for its owner alone. What exists keeps its mode."""
    if not path.exists():
        private_directory(path.parent)
        path.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
    return path


def _link_into_place(path: Path, text: str) -> None:
    private_directory(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass  # another process was first, and its content is as good
    finally:
        Path(name).unlink()


def _new_keys() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SEALING_KEY": f"k1:{_random_base64()}",
        "BLIND_INDEX_KEY": _random_base64(),
    }


def _random_base64() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
