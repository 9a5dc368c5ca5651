"""The cases of the demo that have happened already: the services tell them with the clock set back."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.channels import Receipt, ReceiptLevel, tell_in_force
from coordination.core import clock
from coordination.desk.demo.cast import Cast, read
from coordination.inbox import services as inbox
from coordination.ledger import selectors as ledger_selectors
from coordination.ledger import services as ledger
from coordination.outbox import selectors as outbox_selectors
from coordination.outbox import services as outbox
from coordination.partners import selectors as partners
from coordination.referrals import selectors as referral_selectors
from coordination.referrals import services as referrals
from coordination.restrictions import selectors as ordered
from coordination.restrictions import services as restrictions
from coordination.triage import services as triage

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
THEIR_SYSTEM_TOOK_IT = timedelta(seconds=4)
# What a fixture says beside the arguments of the service.
_NOT_ARGUMENTS = frozenset({"key", "after", "by", "do", "flag", "monitor_in_days"})


def past() -> list[dict[str, Any]]:
    """Return the cases to load."""
    return [case for case in read("cases")["cases"] if not case.get("live")]


def live() -> dict[str, Any]:
    """Return the case that is played before the spectator's eyes."""
    found: dict[str, Any] = next(case for case in read("cases")["cases"] if case.get("live"))
    return found


def load(cast: Cast) -> int:
    """Load each past case that is not there yet; return how many were new."""
    new = 0
    for told in past():
        subject = f"demo:{told['key']}"
        if ledger_selectors.entries_about(subject).exists():
            continue
        with transaction.atomic():
            Telling(told, cast).tell()
            ledger.record("desk.demo_case_loaded", subject=subject, by=None)
        new += 1
    return new


def began(when: dict[str, Any]) -> datetime:
    """Return the first moment of a case."""
    now = clock.now().astimezone(ZoneInfo(when["zone"]))
    if "hours_ago" in when:
        return now - timedelta(hours=when["hours_ago"])
    at: time = when["time"]
    day = now.date() - timedelta(days=when.get("days_ago", 0))
    if "weekday" in when:
        day -= timedelta(days=(day.weekday() - WEEKDAYS.index(when["weekday"])) % 7)
    moment = datetime.combine(day, at, now.tzinfo)
    return moment if moment < now else moment - timedelta(days=7 if "weekday" in when else 1)


class Telling:
    """One case, moment by moment."""

    def __init__(self, told: dict[str, Any], cast: Cast) -> None:
        self.told = told
        self.cast = cast
        self.began = began(told["began"])
        self.flags: dict[str, Any] = {}
        self.case: Any = None
        self.referral: Any = None
        self.answers = 0

    def tell(self) -> None:
        """Open the case, then everything in the order of time."""
        with clock.frozen(self.began - timedelta(seconds=30)):
            self.case = cases.open_case(
                self.told["title"],
                by=None,
                priority=self.told.get("priority", "normal"),
                accounts=self.told.get("accounts", ()),
            )
        for after, happens in sorted(self._moments(), key=lambda moment: moment[0]):
            with clock.frozen(self.began + timedelta(minutes=after)):
                happens()

    def _moments(self) -> list[tuple[float, Callable[[], object]]]:
        moments: list[tuple[float, Callable[[], object]]] = []
        for name, happens in (
            ("flags", self.flag),
            ("assessments", self.assess),
            ("decisions", self.decide),
            ("dissents", self.dissent),
            ("notes", self.note),
            ("tasks", self.task),
            ("steps", self.step),
        ):
            moments += [(each["after"], _bound(happens, each)) for each in self.told.get(name, [])]
        if "referral" in self.told:
            moments.append((self.told["referral"]["after"], _bound(self.file, self.told["referral"])))
        return moments

    def flag(self, told: dict[str, Any]) -> None:
        """Receive a flag."""
        values = arguments(told)
        values["content_at"] = self.began + timedelta(minutes=values.pop("content_after"))
        self.flags[told["key"]], _ = triage.receive(by=self.cast.people[told["by"]], **values)
        with clock.frozen(clock.now() + THEIR_SYSTEM_TOOK_IT):
            self.platform_confirms()

    def platform_confirms(self) -> None:
        """Have the platform carry out, a moment later, what a flag of high severity ordered by itself."""
        for lane in restrictions.LANES:
            restrictions.send_due(lane)
        told = [each for one in ordered.of_case(self.case) for each in ordered.commands_of(one)]
        told += [each for one in ordered.preservations_of(self.case) for each in ordered.commands_about(one)]
        for command in told:
            if command.message_id is None or command.state != "sent":
                continue
            receipt = Receipt(
                message_id=str(command.message_id),
                level=ReceiptLevel.ACKNOWLEDGED,
                occurred_at=clock.now(),
                detail=tell_in_force(command.step) if command.step else "",
            )
            outbox.record_receipt(command.message_id, receipt, source="deliver")

    def assess(self, told: dict[str, Any]) -> None:
        """Assess a flag, as the first tier."""
        triage.assess(self.flags[told["flag"]], by=self.cast.people[told["by"]], **arguments(told))

    def dissent(self, told: dict[str, Any]) -> None:
        """Dissent from the decision about a flag."""
        triage.dissent(self.flags[told["flag"]], by=self.cast.people[told["by"]], **arguments(told))

    def decide(self, told: dict[str, Any]) -> None:
        """Decide about a flag."""
        values = arguments(told)
        if "monitor_in_days" in told:
            values["monitor_until"] = clock.now().date() + timedelta(days=told["monitor_in_days"])
        triage.decide(self.flags[told["flag"]], by=self.cast.people[told["by"]], **values)

    def note(self, told: dict[str, Any]) -> None:
        """Add a note."""
        cases.add_note(self.case, text=told["text"], by=self.cast.people[told["by"]])

    def task(self, told: dict[str, Any]) -> None:
        """Open a task."""
        cases.open_task(self.case, by=self.cast.people[told["by"]], **arguments(told))

    def file(self, told: dict[str, Any]) -> None:
        """File the referral with its facts, items and recipients."""
        by = self.cast.people[told["by"]]
        values = arguments(told)
        facts, items = values.pop("facts", []), values.pop("items", [])
        addressees = values.pop("addressees", [])
        self.referral = referrals.file(self.case, by=by, **values)
        for fact in facts:
            referrals.add_fact(self.referral, by=by, **fact)
        for item in items:
            referrals.add_item(self.referral, by=by, **self.item(item))
        for key in addressees:
            referrals.add_addressee(self.referral, by=by, destination=self.cast.destinations[key])

    def item(self, told: dict[str, Any]) -> dict[str, Any]:
        """Return an item's arguments, with the moment that it is about."""
        values = dict(told)
        if "occurred_after" in values:
            values["occurred_at"] = self.began + timedelta(minutes=values.pop("occurred_after"))
        return values

    def step(self, told: dict[str, Any]) -> None:
        """Do one step."""
        by, values = self.cast.people[told["by"]], arguments(told)
        match told["do"]:
            case "approve":
                self.approve(by)
            case "acknowledge" | "question" | "outcome":
                self.answer(told["do"], by, values)
            case "note":
                self.note(told)
            case "complete_tasks":
                for task in case_selectors.tasks_of(self.case).filter(state="open"):
                    cases.complete_task(task, by=by, outcome=values["outcome"])
            case "monitor_case" | "close_case" as verb:
                getattr(cases, verb)(self._fresh_case(), by=by, **values)
            case "correct":
                referrals.correct(self._fresh(), by=by, **values)
            case verb:
                getattr(referrals, verb)(self._fresh(), by=by, **values)

    def approve(self, by: Any) -> None:
        """Let it leave, and have their systems take it a moment later."""
        referral = self._fresh()
        referrals.approve(referral, by=by, digests=referral_selectors.digests_of(referral))
        with clock.frozen(clock.now() + THEIR_SYSTEM_TOOK_IT):
            for delivery in outbox_selectors.deliveries_of(self.referral.origin):
                receipt = Receipt(
                    message_id=str(delivery.message_id),
                    level=ReceiptLevel.ACCEPTED,
                    occurred_at=clock.now(),
                    detail="HTTP 200",
                )
                outbox.record_receipt(delivery.message_id, receipt, source="deliver")

    def answer(self, kind: str, by: Any, payload: dict[str, Any]) -> None:
        """Have a partner's officer say something about what was sent to them."""
        agency = partners.agency_of(by)
        sent = referral_selectors.addressees_of(self.referral).filter(destination__agency=agency).first()
        if agency is None or sent is None or sent.message_id is None:
            raise LookupError(f"{by.username} got nothing that could be answered.")
        self.answers += 1
        inbox.accept(
            agency=agency,
            external_id=f"demo-{self.told['key']}-{self.answers}",
            kind="acknowledgement" if kind == "acknowledge" else kind,
            message_id=sent.message_id,
            payload=payload,
            way="api",
            by=by,
        )

    def _fresh(self) -> Any:
        self.referral.refresh_from_db()
        return self.referral

    def _fresh_case(self) -> Any:
        self.case.refresh_from_db()
        return self.case


def arguments(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a fixture gives to its service."""
    return {name: value for name, value in told.items() if name not in _NOT_ARGUMENTS}


def _bound(happens: Callable[[dict[str, Any]], object], told: dict[str, Any]) -> Callable[[], object]:
    return lambda: happens(told)
