"""A batch is the same flags one after the other: whatever they are, the same rows stand there in the end."""

import random
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import models, transaction

from coordination.access.services import User
from coordination.cases import services as cases
from coordination.cases.models import Case, Deadline, Identifier, Subject, Task, TimelineEvent
from coordination.ledger.models import Leaf
from coordination.oncall.models import Page
from coordination.restrictions.models import Command, Imposition, Preservation, Restriction
from coordination.triage import services
from coordination.triage.models import Flag, MandatedReport
from coordination.triage.workflow import Category, Source
from tests.people import Cast

BEFORE, TOGETHER = 15, 45
ACCOUNTS = ["acct-1", "acct-2", "ACCT-2", "acct-3", "acct-4", "acct\u200b-4", "acct-5", "acct-6", "acct-7"]
IDENTIFIERS = [
    *(("payment_token", f"tok-{number}") for number in range(3)),
    *(("device", f"dev-{number}") for number in range(3)),
    *(("email", each) for each in ("a@example.com", "A@example.com", "a+x@example.com", "b@example.com")),
    *(("phone", each) for each in ("+1 303 555 0101", "+13035550101", "303 555 0101")),
    *(("account", each) for each in ("acct-1", "acct-6")),
    ("ip", "192.0.2.7"),
]
TEXTS = [
    "On Monday they will all know my name.",
    "I know where you live.",
    "He said it again and again to me.",
]
# What each kind of row says of itself, beside the case that it hangs on.
SAID: dict[type[models.Model], tuple[str, ...]] = {
    Case: ("title", "priority", "state"),
    Subject: ("account", "note"),
    Identifier: ("kind", "value", "strong", "provenance", "verified", "about"),
    Task: ("kind", "title", "instructions", "about", "state", "priority", "role", "assignee_id"),
    Deadline: ("code", "title", "citation", "about", "state"),
    TimelineEvent: ("kind", "title", "detail", "about", "by_id"),
    Restriction: ("account", "step", "level", "state"),
    Preservation: ("account", "state", "reason", "authority", "about"),
    Command: ("action", "step", "reason_code", "authority", "lane", "state"),
}


def flags_of(chance: random.Random, name: str, count: int) -> list[dict[str, Any]]:
    """Return flags that meet each other by account and identifiers; some come twice, some are refused."""
    made: list[dict[str, Any]] = []
    for number in range(count):
        if made and chance.random() < 0.1:
            again = dict(chance.choice(made))
            made.append({**again, "content": "Otherwise."} if chance.random() < 0.5 else again)
            continue
        made.append(
            {
                "external_id": f"{name}-{number:03}",
                "source": chance.choice([*Source, Source.USER_REPORT]),
                "category": chance.choice([*Category, "weather"] if chance.random() < 0.5 else ["other"]),
                "content": chance.choice(TEXTS),
                "content_at": datetime(2026, 11, 20, 23, 12, tzinfo=UTC) - timedelta(hours=number),
                "content_zone": "America/Denver",
                "account": chance.choice(ACCOUNTS),
                "provenance": "observed",
                "identifiers": [one_of(chance) for _ in range(chance.choice([0, 0, 1, 2]))],
                "reporter": chance.choice(["", "u-1", "u-2"]),
                "minor": chance.random() < 0.1,
            }
        )
    return made


def one_of(chance: random.Random) -> dict[str, str]:
    kind, value = chance.choice(IDENTIFIERS)
    known = {"provenance": chance.choice(["observed", "observed", "claimed_by_user"])}
    if chance.random() < 0.5:
        known["verified_at"] = "2026-01-01"
    return {"kind": kind, "value": value, **known}


def outcomes(taken: list[services.Taken]) -> list[tuple[str, bool, str]]:
    return [
        (each.flag.external_id if each.flag else "", each.created, type(each.refused).__name__)
        for each in taken
    ]


class Names:
    """What no two runs have alike (keys, references), by the flags that it is about."""

    def __init__(self) -> None:
        self.flags = {str(each.pk): each.external_id for each in Flag.objects.all()}
        of_case: dict[int, list[str]] = {}
        for each in Flag.objects.exclude(case=None):
            of_case.setdefault(each.case_id, []).append(each.external_id)  # type: ignore[arg-type]
        self.cases = {pk: "case of " + " ".join(sorted(ids)) for pk, ids in of_case.items()}
        found = Case.objects.in_bulk()
        self.references = {found[pk].reference: name for pk, name in self.cases.items()}

    def spelt(self, value: Any) -> Any:
        """Return a value with names in place of what differs."""
        if not isinstance(value, str):
            return value
        for known in (self.flags, self.references):
            for key, name in known.items():
                value = value.replace(key, name)
        value = re.sub(r"@(\d+)$", lambda found: "@" + self.cases[int(found[1])], value)
        return re.sub(r":\d+$|^[A-Z]-[A-Z0-9-]+$", ":…", value)

    def row(self, each: Any, said: tuple[str, ...]) -> tuple[Any, ...]:
        case = self.cases.get(each.pk if isinstance(each, Case) else each.case_id)
        return case, *(self.spelt(getattr(each, name)) for name in said)


def rows() -> dict[str, Counter[Any]]:
    """Return all that stands there now, in no order, by what it says."""
    names = Names()
    found = {
        model.__name__: Counter(names.row(each, said) for each in model._default_manager.all())
        for model, said in SAID.items()
    }
    found["Flag"] = Counter(
        (each.external_id, names.cases.get(each.case_id or 0), each.state, each.coordinated_at is not None)
        for each in Flag.objects.all()
    )
    found["MandatedReport"] = Counter(
        (each.flag.external_id, each.code) for each in MandatedReport.objects.all()
    )
    found["Imposition"] = Counter(
        (*names.row(each.restriction, ("account",)), each.step, each.authority, names.spelt(each.about))
        for each in Imposition.objects.all()
    )
    found["Page"] = Counter(
        (names.spelt(each.about), each.task_kind, each.state) for each in Page.objects.all()
    )
    found["ledger"] = Counter((each.action, names.spelt(each.subject)) for each in Leaf.objects.all())
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_leaves_the_rows_that_its_flags_leave_one_by_one(
    seed: int, platform_system: User, liaison: User, cast: Cast
) -> None:
    cast("senior_reviewer")
    left = []
    for together in (True, False):
        with transaction.atomic():
            left.append(run(random.Random(seed), platform_system, liaison, together=together))
            transaction.set_rollback(True)
    (batch, of_batch), (singles, of_singles) = left
    assert of_batch == of_singles
    for kind, found in batch.items():
        assert found - singles[kind] == singles[kind] - found == Counter(), kind
    assert batch["Flag"].total() > TOGETHER
    assert all(batch[kind] for kind in ("Case", "Task", "Restriction", "Preservation", "Page", "ledger"))


def run(
    chance: random.Random, by: User, closer: User, *, together: bool
) -> tuple[dict[str, Counter[Any]], list[Any]]:
    """Have some cases stand, some of them closed; then receive the flags."""
    services.receive_many(flags_of(chance, "before", BEFORE), by=by)
    for number, case in enumerate(Case.objects.order_by("pk")):
        if number % 3 == 0:
            Task.objects.filter(case=case).update(state="cancelled")
            Deadline.objects.filter(case=case).update(state="cancelled")
            cases.close_case(case, by=closer, reason="Over.")
    flags = flags_of(chance, "then", TOGETHER)
    if together:
        return_of = services.receive_many(flags, by=by)
    else:
        return_of = [services.receive_many([each], by=by)[0] for each in flags]
    return rows(), outcomes(return_of)
