"""The worker's supervisor: one process for each lane, restarted when it dies, and the sweep beside them."""

import logging
import os
import signal
import subprocess  # nosec B404 - a worker is a process
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connections
from procrastinate.exceptions import ConnectorException

from coordination.core.checks import refuse_to_start
from coordination.outbox import sweep
from coordination.outbox.halt import Halt

logger = logging.getLogger("coordination.worker")

# Deliveries that hang keep a slot each; a P0 must find one free behind many of them.
SLOTS: Final[Mapping[str, int]] = {"p0": 16, "bulk": 4, "background": 2}
GRACE: Final = 20.0
LIFE_SIGN_SECONDS: Final = 60.0
LONGEST_PAUSE: Final = 30.0
# A process that lived so long had started well: its next death is a new one.
LIVED_WELL_SECONDS: Final = 60.0
TICK: Final = 0.2


@dataclass(frozen=True, kw_only=True)
class Round:
    """Something of another slice that the worker does every few seconds, in a thread of its own."""

    name: str
    seconds: float
    run: Callable[[], object]

    def go(self, halt: Halt) -> None:
        """Do it again and again until the worker stops; what breaks is logged, and tried again."""
        while not halt.wait(self.seconds):
            try:
                self.run()
            except Exception:
                logger.exception("%s failed; again in %g s", self.name, self.seconds)
                connections.close_all()
        connections.close_all()


@dataclass
class _Child:
    """The process of a lane, and when to start it again."""

    lane: str
    slots: int
    grace: float
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0

    def start(self) -> None:
        """Start the process."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # nosec B603  # noqa: S603 - our own interpreter, our own module
            [
                *(sys.executable, "-m", "coordination.outbox.lane", self.lane),
                *("--slots", str(self.slots), "--grace", str(self.grace)),
            ],
            stdin=subprocess.PIPE,  # its end tells the child that we are gone
            env=_environment(),
        )
        logger.info("%s: started as process %d", self.lane, self.process.pid)

    def look(self) -> None:
        """Start the process again if it died, after a pause that grows with each death."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            if now - self.started > LIVED_WELL_SECONDS:
                self.deaths = 0
            self.deaths += 1
            pause = min(0.5 * 2 ** (self.deaths - 1), LONGEST_PAUSE)
            self.not_before = now + pause
            logger.error(
                "%s: process %d ended with %d; again in %.1f s",
                *(self.lane, self.process.pid, self.process.returncode, pause),
            )
            self.process = None
        if self.process is None and now >= self.not_before:
            self.start()

    def signal(self, number: int) -> None:
        """Send a signal, if there is somebody to take it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, seconds: float) -> None:
        """Wait for the end; a process that stays beyond that is killed."""
        if self.process is None:
            return
        try:
            self.process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            logger.error("%s: process %d did not stop and is killed", self.lane, self.process.pid)  # noqa: TRY400
            self.process.kill()
            self.process.wait()


@dataclass
class Supervisor:
    """Runs lanes until told to stop. Several may run, on any number of machines on the same database."""

    lanes: Sequence[str] = tuple(SLOTS)
    processes: int = 1
    slots: Mapping[str, int] = field(default_factory=dict)
    grace: float = GRACE
    rounds: Sequence[Round] = ()
    halt: Halt = field(default_factory=Halt)

    def run(self) -> None:
        """Check the configuration, start everything, and return when all of it has stopped.

        Raises RefusedToStart. SIGTERM and SIGINT stop it: what is in hand is finished within `grace`.
        """
        refuse_to_start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.halt.ask(self.grace))
        children = [
            _Child(lane, {**SLOTS, **self.slots}[lane], self.grace)
            for lane in self.lanes
            # More processes are for throughput; one sweeps and polls for all.
            for _ in range(1 if lane == "background" else self.processes)
        ]
        for each in self.rounds:
            threading.Thread(target=each.go, args=[self.halt], name=each.name, daemon=True).start()
        try:
            self._watch(children)
        finally:
            self._stop(children)

    def _watch(self, children: Sequence[_Child]) -> None:
        next_sweep = next_sign = time.monotonic()
        while not self.halt.wait(TICK):
            for child in children:
                child.look()
            now = time.monotonic()
            if now >= next_sweep:
                _sweep()
                next_sweep = now + sweep.EVERY.total_seconds()
            if now >= next_sign:
                alive = [each.lane for each in children if each.process is not None]
                logger.info("alive: %s", ", ".join(alive))
                next_sign = now + LIFE_SIGN_SECONDS

    def _stop(self, children: Sequence[_Child]) -> None:
        self.halt.ask(self.grace)
        logger.info("stopping: what is in hand is finished within %g s", self.grace)
        for child in children:
            child.signal(signal.SIGTERM)
        for child in children:
            child.wait(self.halt.left() + 1.0)
        connections.close_all()


def _sweep() -> None:
    try:
        found = sweep.sweep()
    except (DatabaseError, ConnectorException) as error:
        # The database may be away for a while; the next sweep finds what this one did not.
        logger.warning("the sweep failed (%s)", type(error).__name__)
        connections.close_all()
        return
    if found.expired or found.stalled:
        logger.warning("the sweep found %d expired leases and %d stalled jobs", found.expired, found.stalled)


def _environment() -> dict[str, Any]:
    path = [str(Path(settings.BASE_DIR)), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
