"""Is that process really our server? A number in a file proves nothing: pids are used again."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A running process, known by what no other process shares: its pid and the moment it started."""

    pid: int
    started: str  # clock ticks since boot

    def __str__(self) -> str:
        return f"{self.pid} {self.started}"

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return Process.of(self.pid) == self

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Return the process that has `pid` now; None if none has, or only a zombie."""
        try:
            stat = (_PROC / str(pid) / "stat").read_text()
        except OSError:
            return None
        # proc_pid_stat(5): the name, in parentheses, may itself contain spaces and parentheses.
        state, *others = stat.rpartition(")")[2].split()
        return None if state in "ZX" else cls(pid=pid, started=others[18])


def server_of(data: Path) -> Process | None:
    """Return the PostgreSQL server that runs on `data`, as its pid file says and /proc confirms."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    process = Process.of(pid)
    return process if process and _serves(pid, data) else None


def _serves(pid: int, data: Path) -> bool:
    try:
        if (_PROC / str(pid) / "comm").read_text().strip() != "postgres":
            return False
        return _directory(pid) == os.path.realpath(data)
    except OSError:
        return False


def _directory(pid: int) -> str:
    # PostgreSQL makes its data directory the current one. In a container even root may not read that of
    # another user's process; the command line is public.
    try:
        return str((_PROC / str(pid) / "cwd").readlink())
    except PermissionError:
        words = (_PROC / str(pid) / "cmdline").read_text().split("\0")
        return os.path.realpath(words[words.index("-D") + 1]) if "-D" in words[:-1] else ""
