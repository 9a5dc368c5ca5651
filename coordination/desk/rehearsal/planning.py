"""From published counts to single requests: who asked, what came of it, and who was told."""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

from coordination.core.errors import InvalidInput
from coordination.desk.rehearsal.acting import Planned
from coordination.desk.rehearsal.kinds import Kind, kinds_of
from coordination.desk.rehearsal.published import HalfYear
from coordination.policy.workflow import Process

# The order in which disclosures are taken for each: an order that forbids it is rare in civil process.
TOLD = ("notification", "exigent circumstances", "gag order")
CROSS_BORDER = "cross-border"
HOME = "US"


def plan(half: HalfYear) -> list[Planned]:
    """Return the requests of a half-year. Raises InvalidInput where more was disclosed than received."""
    received = half.received or {}
    kinds = kinds_of(received)
    requests = [
        (kind, name, disclosed)
        for name, kind in sorted(kinds.items(), key=lambda each: not each[0].startswith("civil"))
        for disclosed in _outcomes(half, name)
    ]
    number = sum(disclosed for *_, disclosed in requests)
    told = iter(chain.from_iterable(repeat(word, (half.notices or {}).get(word) or 0) for word in TOLD))
    accounts = _shared(half.accounts, number)
    countries = chain.from_iterable(
        repeat(code.upper(), count or 0) for code, count in (half.countries or {}).items()
    )
    planned = []
    for place, (kind, name, disclosed) in enumerate(requests):
        planned.append(
            Planned(
                process=_process(kind, place, disclosed=disclosed),
                country=next(countries, HOME) if CROSS_BORDER in name else HOME,
                accounts=next(accounts) if disclosed else [f"refused-{place}"],
                disclosed=disclosed,
                told=next(told, "") if disclosed else "",
            )
        )
    return planned


def _outcomes(half: HalfYear, name: str) -> Iterator[bool]:
    received, disclosed = (half.received or {}).get(name) or 0, half.disclosed.get(name) or 0
    if disclosed > received:
        raise InvalidInput("data", f"More of {name!r} was disclosed than received.")
    yield from repeat(True, disclosed)
    yield from repeat(False, received - disclosed)


def _process(kind: Kind, place: int, *, disclosed: bool) -> Process:
    choices = kind.disclosed if disclosed else kind.refused
    return choices[place % len(choices)]


def _shared(accounts: int | None, requests: int) -> Iterator[Sequence[str]]:
    """Yield the accounts of each disclosure: one at least, and all of them together as many as published."""
    if not requests:
        return
    total = requests if accounts is None else accounts
    for place in range(requests):
        more = range(place, total, requests)
        yield [f"account-{each}" for each in more] or [f"account-{place % max(total, 1)}"]
