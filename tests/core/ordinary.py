"""Work done as an ordinary user, for tests that root runs."""

import json
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Ordinary:
    """A user without rights, and a directory of theirs."""

    uid: int
    gid: int
    home: Path

    def run(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what `work` returns as this user, or {"error": …}.

        A fork and not a fresh interpreter, which this user may not be able to read.
        """
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # forking beside threads: the child starts none
            child = os.fork()
        if child == 0:
            self._work(work, writing)
        os.close(writing)
        with os.fdopen(reading) as answers:
            answer: dict[str, Any] = json.load(answers)
        os.waitpid(child, 0)
        return answer

    def _work(self, work: Callable[[], dict[str, Any]], writing: int) -> None:
        try:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)
            os.environ["HOME"] = str(self.home)
            answer = work()
        except BaseException as error:  # noqa: BLE001 - the parent is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
