"""Warm hosts, one for each destination: ended when idle or when others need the room."""

import atexit
import hashlib
import json
import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from coordination.channels import kit, registry, secrets
from coordination.outbox.hosts.host import Host, HostSpec
from coordination.outbox.hosts.outcomes import HostFailed

logger = logging.getLogger(__name__)

MOST_HOSTS: Final = 32
IDLE_SECONDS: Final = 300.0
LONGEST_WAIT: Final = 30.0


def spec_for(slug: str, config: Mapping[str, Any]) -> HostSpec:
    """Return what a host of this channel is given. Raises UnknownChannel, SecretNotFound."""
    info = registry.channel(slug).info
    return HostSpec(
        plugin=registry.plugin_of(slug),
        slug=slug,
        config=secrets.pack(secrets.resolve(config)),
        kit=kit.current().for_channel(info).to_json(),
        deadline_seconds=info.deadline_seconds,
        max_concurrency=info.max_concurrency,
        deduplicates=info.deduplicates,
    )


class _Seat:
    """One place in the pool: a host, or the one that will be started by whoever holds the lock."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.lock = threading.Lock()
        self.users = 0
        self.host: Host | None = None
        self.idle_since = time.monotonic()


class Pool:
    """Thread-safe. One thread at a time uses a host; a changed configuration or secret gets a new one."""

    def __init__(
        self,
        *,
        most: int = MOST_HOSTS,
        idle_seconds: float = IDLE_SECONDS,
        start: Callable[[HostSpec], Host] = Host,
    ) -> None:
        self.most, self.idle_seconds, self.start = most, idle_seconds, start
        self._seats: OrderedDict[str, _Seat] = OrderedDict()
        self._room = threading.Condition()
        self._reaper: threading.Thread | None = None
        self._closed = threading.Event()

    @contextmanager
    def use(self, destination: int | str, spec: HostSpec) -> Iterator[Host]:
        """Yield the warm host of a destination. Raises HostFailed where none starts or all stay taken."""
        seat = self._take(f"{destination}:{_digest(spec)}")
        try:
            with seat.lock:
                if seat.host is not None and not seat.host.alive:
                    seat.host.kill()
                    seat.host = None
                if seat.host is None:
                    seat.host = self.start(spec)
                yield seat.host
        finally:
            self._give_back(seat)

    def reap(self) -> None:
        """End the hosts that nobody used for a while."""
        oldest = time.monotonic() - self.idle_seconds
        with self._room:
            idle = [each for each in self._seats.values() if not each.users and each.idle_since <= oldest]
            for seat in idle:
                del self._seats[seat.key]
            self._room.notify_all()
        for seat in idle:
            _end(seat.host)

    def close(self) -> None:
        """End all hosts, busy ones too."""
        self._closed.set()
        with self._room:
            seats = list(self._seats.values())
            self._seats.clear()
        for seat in seats:
            _end(seat.host)

    def __len__(self) -> int:
        return len(self._seats)

    def _take(self, key: str) -> _Seat:
        evicted: list[_Seat] = []
        until = time.monotonic() + LONGEST_WAIT
        with self._room:
            while key not in self._seats and len(self._seats) >= self.most:
                free = next((each for each in self._seats.values() if not each.users), None)
                if free is not None:
                    evicted.append(self._seats.pop(free.key))
                elif not self._room.wait(until - time.monotonic()):
                    raise HostFailed("all plugin hosts are taken")
            seat = self._seats.setdefault(key, _Seat(key))
            seat.users += 1
            self._seats.move_to_end(key)
            self._watch()
        for each in evicted:
            _end(each.host)
        return seat

    def _give_back(self, seat: _Seat) -> None:
        with self._room:
            seat.users -= 1
            seat.idle_since = time.monotonic()
            if not seat.users and (seat.host is None or not seat.host.alive):
                self._seats.pop(seat.key, None)
            self._room.notify_all()

    def _watch(self) -> None:
        if self._reaper is None:
            self._reaper = threading.Thread(target=self._reap_for_ever, daemon=True, name="host reaper")
            self._reaper.start()

    def _reap_for_ever(self) -> None:
        while not self._closed.wait(min(self.idle_seconds, 15.0)):
            self.reap()


def _end(host: Host | None) -> None:
    if host is not None:
        host.kill()


def _digest(spec: HostSpec) -> str:
    # With the secrets in it: a secret that is renewed under its name gets a new host. Never logged or stored.
    return hashlib.sha256(json.dumps(vars(spec), sort_keys=True).encode()).hexdigest()


@cache
def pool() -> Pool:
    """Return the pool of this process."""
    found = Pool()
    atexit.register(found.close)
    return found


# A forked process (gunicorn) must not talk to its parent's hosts.
os.register_at_fork(after_in_child=pool.cache_clear)
