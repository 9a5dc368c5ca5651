"""The story: one referral from flag to acknowledgement, each step over real HTTP by whose step it is."""

import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from coordination.access import markup
from coordination.cases import selectors as cases
from coordination.channels import LetterBody
from coordination.core import clock
from coordination.desk.demo.browsing import CREATED, Page, Person, call_api
from coordination.desk.demo.cast import Cast
from coordination.desk.demo.loading import arguments, live
from coordination.desk.demo.processes import Children
from coordination.desk.demo.telling import StoryFailed, Teller
from coordination.ledger import selectors as ledger
from coordination.outbox import selectors as outbox
from coordination.outbox import services as outbox_services
from coordination.referrals import selectors as referrals
from coordination.restrictions import selectors as restrictions

ACKNOWLEDGED_WITHIN = 40.0
LETTER_WITHIN = 40.0
CONFIRMED_WITHIN = 40.0
LOOK_EVERY = 0.25
FLAG_ADDRESS = re.compile(r"/admin/triage/flag/([0-9a-f-]{36})/change/")
REFERRAL_ADDRESS = re.compile(r"/admin/referrals/referral/(R-[0-9A-Z-]+)/")
RESTRICTION_ADDRESS = re.compile(r"/admin/restrictions/restriction/(\d+)/change/")
CASE_ADDRESS = re.compile(r"/admin/cases/case/(C-[0-9A-Z-]+)/")


@dataclass(kw_only=True)
class Story:
    """Scenario 1, played now: the times of the fixture are counted back from this moment."""

    base: str
    cast: Cast
    teller: Teller
    children: Children
    mail: Path
    told: dict[str, Any] = field(default_factory=live)
    browsers: dict[str, Person] = field(default_factory=dict)
    case: str = ""
    referral: str = ""
    restriction: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Fresh accounts and identifiers for each run: the flag must not join the case of the run before.
        self.run = secrets.token_hex(3)
        self.began = clock.now()
        self.fresh = {account: f"lc-{secrets.randbelow(10**8):08d}" for account in self.told["accounts"]}
        self.known = {
            each["value"]: _another(each["kind"], each["value"])
            for flag in self.told["flags"]
            for each in flag.get("identifiers", [])
        }

    def play(self) -> dict[str, Any]:
        """Play it and return what the last line of the demo says."""
        self.flags_come_in()
        self.reviewer_assesses()
        self.senior_decides()
        self.liaison_files()
        self.liaison_may_not_approve()
        self.officer_on_duty_approves()
        self.sheriff_acknowledges()
        self.counsel_gets_a_letter()
        return self.outcome()

    def flags_come_in(self) -> None:
        """Post both flags through the API; the second is about another account of the same person."""
        first, second = self.told["flags"]
        with self.teller.doing("flag", "Lanternchat's own systems post a safety flag to the API."):
            self._post(first)
        with self.teller.doing(
            "case", "It is of high severity: a case is open, and a senior reviewer is paged."
        ):
            person = self._sign_in("senior_reviewer")
            self.case = CASE_ADDRESS.findall(person.open(self._flags_of(person)[0]).text)[0]
        self.platform_confirms(person)
        self.reviewer_may_not_lift()
        with self.teller.doing("second account", "A second account with the same payment token turns up."):
            self._post(second)
            page = person.open(self._flags_of(person)[1])
            if CASE_ADDRESS.findall(page.text)[:1] != [self.case]:
                raise StoryFailed("flag: the second account did not join the case")

    def platform_confirms(self, person: Person) -> None:
        """Wait until the case's page says that the platform has in force what was ordered by itself."""
        sentence = (
            "Its account is limited at once: the worker sends the signed command, and the platform confirms"
            " in a signed callback."
        )
        with self.teller.doing("restriction", sentence):
            limit = time.monotonic() + CONFIRMED_WITHIN
            while not any("in force" in each for each in self._restricted(person)):
                self.children.check()
                if time.monotonic() > limit:
                    stands = "; ".join(self._restricted(person)) or "no restriction"
                    raise StoryFailed(f"restriction: {stands} after {CONFIRMED_WITHIN:.0f} s.")
                time.sleep(LOOK_EVERY)
            [found] = restrictions.of_case(cases.case_for(self.cast.people["senior_reviewer"], self.case))
        self.restriction = {"step": found.step, "state": str(found.state)}
        took = (found.confirmed_at - found.imposed_at).total_seconds() if found.confirmed_at else 0.0
        self.teller.say(f"The platform confirmed {took:.1f} s after the order: {markup.words(found.step)}.")

    def _restricted(self, person: Person) -> list[str]:
        """Return the states that the case's page shows beside its restrictions."""
        text = person.open(f"/admin/cases/case/{self.case}/change/").text
        heads = text.split('<a href="/admin/restrictions/restriction/')[1:]
        return [_plain(head.partition('class="push">')[2].partition("</div>")[0]) for head in heads]

    def reviewer_may_not_lift(self) -> None:
        """Have a reviewer try to lift it; the desk has to refuse."""
        with self.teller.doing("no lift", "A reviewer tries to lift it, and is refused."):
            person = self._sign_in("reviewer")
            case = person.open(f"/admin/cases/case/{self.case}/change/")
            restriction = RESTRICTION_ADDRESS.findall(case.text)[0]
            form = case.form("/logout/")  # no form of the page lifts: any has what the desk asks of one
            form.action = f"/admin/restrictions/restriction/{restriction}/do/lift/"
            answer = person.try_to(form, {})
            if answer.status != 403:  # noqa: PLR2004 - forbidden
                raise StoryFailed(f"no lift: the desk answered {answer.status} to a reviewer")

    def _post(self, told: dict[str, Any]) -> None:
        values = self.text(arguments(told))
        moment = timezone.localtime(self.began + timedelta(minutes=min(values.pop("content_after"), -1)))
        values |= {"external_id": f"{told['external_id']}-{self.run}", "content_at": moment.isoformat()}
        key = f"flag-{told['key']}-{self.run}"
        status, answer = call_api(self.base, "flags", self.cast.tokens["intake"], values, key=key)
        if status != CREATED:
            raise StoryFailed(f"flag: the API answered {status}: {answer}")

    def _flags_of(self, person: Person) -> list[str]:
        """Return the addresses of this run's flags on the desk, the oldest first."""
        found = FLAG_ADDRESS.findall(person.open("/admin/triage/flag/?state__exact=received").text)
        mine = [each for each in dict.fromkeys(found) if self._is_mine(person, each)]
        return [f"/admin/triage/flag/{each}/change/" for each in reversed(mine)]

    def reviewer_assesses(self) -> None:
        """Have the first tier assess what is not of high severity: the second account's flag."""
        with self.teller.doing("assessment", "A reviewer assesses the second flag; another person decides."):
            person = self._sign_in("reviewer")
            [told] = self.told["assessments"]
            self.flags = self._flags_of(person)
            which = [each["key"] for each in self.told["flags"]].index(told["flag"])
            page = person.open(self.flags[which])
            person.post(page.form("/do/assess/"), _ticks(arguments(told)))

    def senior_decides(self) -> None:
        """Read and decide both flags: the first, of high severity, with an assessment of one's own."""
        with self.teller.doing("decision", "The senior reviewer reads both flags and decides to refer."):
            person = self._sign_in("senior_reviewer")
            for address, told in zip(self.flags, self.told["decisions"], strict=True):
                page = person.open(address)
                values = {name: told[name] for name in ("outcomes", "reasons", "reopens_when")}
                person.post(page.form("/do/decide/"), values | _ticks(told.get("assessment", {})))

    def liaison_files(self) -> None:
        """File the referral through the forms of the desk."""
        told = self.text(arguments(self.told["referral"]))
        facts, items, addressees = told.pop("facts"), told.pop("items"), told.pop("addressees")
        sentence = (
            f"The safety liaison files the referral on case {self.case}: {len(facts)} facts, "
            f"{sum(item.get('chosen', True) for item in items)} items to send, "
            f"{sum(not item.get('chosen', True) for item in items)} held back, each with its reason."
        )
        with self.teller.doing("filing", sentence):
            person = self._sign_in("liaison")
            page = person.open(f"/admin/referrals/referral/add/?case={self.case}")
            page = person.post(page.forms[-1], _ticked(told, "danger_to_life"), at=page.url)
            self.referral = REFERRAL_ADDRESS.findall(page.url)[0]
            for fact in facts:
                person.post(page.form("/do/add_fact/"), fact)
            for item in items:
                person.post(page.form("/do/add_item/"), self._item(item))
            for key in addressees:
                person.post(page.form("/do/add_addressee/"), {"destination": self.cast.destinations[key].pk})
            person.post(self._open(person).form("/do/submit/"), {})
        self.teller.say(f"Referral {self.referral} is in review: what would leave is frozen.")

    def liaison_may_not_approve(self) -> None:
        """See that the filer cannot approve."""
        with self.teller.doing("two people", "The liaison tries to approve it alone, and is refused."):
            person = self._sign_in("liaison")
            form = self._open(person).form("/do/withdraw/")
            form.action = form.action.replace("/withdraw/", "/approve/")
            answer = person.try_to(form, {"read": "on"})
            if answer.status != 403:  # noqa: PLR2004 - forbidden
                raise StoryFailed(f"two people: the desk answered {answer.status} to the filer's approval")

    def officer_on_duty_approves(self) -> None:
        """Read the review page and approve the digests on it."""
        with self.teller.doing(
            "approval", "The duty officer reads exactly what will leave, and approves its digest."
        ):
            person = self._sign_in("duty_officer")
            page = person.open(f"/admin/referrals/referral/{self.referral}/review/")
            person.post(page.form("/do/approve/"), {"read": "on"})

    def sheriff_acknowledges(self) -> None:
        """Wait for the acknowledgement to appear on the referral's page."""
        with self.teller.doing(
            "delivery",
            "The worker sends it; the sheriff's portal checks the signature, and a sergeant acknowledges.",
        ):
            person = self._sign_in("liaison")
            limit = time.monotonic() + ACKNOWLEDGED_WITHIN
            while "acknowledged" not in self._state(self._open(person)):
                self.children.check()
                if time.monotonic() > limit:
                    raise StoryFailed(
                        f"delivery: not acknowledged after {ACKNOWLEDGED_WITHIN:.0f} s.\n{self.standing()}"
                    )
                time.sleep(LOOK_EVERY)
        reference = self._record().agency_reference
        self.teller.say(f"Harrow County Sheriff acknowledged {self.referral} under {reference}.")

    def counsel_gets_a_letter(self) -> None:
        """Send a letter to outside counsel by e-mail: written by one person, approved by another."""
        with self.teller.doing(
            "letter", "Outside counsel is told by letter, as a PDF through a mail server."
        ):
            told = arguments(self.told["letter"])
            approver = self.cast.people[told.pop("approver")]
            destination = self.cast.destinations[told.pop("destination")]
            by = self.cast.people[self.told["letter"]["by"]]
            message = outbox_services.prepare(
                cases.case_for(by, self.case),
                kind="letter",
                reference=self.referral,
                origin=f"desk.demo:{self.run}",
                destination=destination,
                body=LetterBody(**told | {"paragraphs": tuple(told["paragraphs"])}),
                by=by,
                lane="normal",
            )
            outbox_services.approve(message, digest=message.digest, by=approver)
            limit = time.monotonic() + LETTER_WITHIN
            while not any(self.mail.glob("*.eml")):
                self.children.check()
                if time.monotonic() > limit:
                    raise StoryFailed(f"letter: no mail after {LETTER_WITHIN:.0f} s")
                time.sleep(LOOK_EVERY)

    def standing(self) -> str:
        """Return how the deliveries of the referral stand, a line for each."""
        return "\n".join(
            f"  {each.message.channel}: {each.state}, attempts {each.attempts_made}, last error:"
            f" {each.last_error or 'none'}"
            for each in outbox.deliveries_of(self._record().origin)
        )

    def outcome(self) -> dict[str, Any]:
        """Return what became of it."""
        record = self._record()
        deliveries = list(outbox.deliveries_of(record.origin))
        return {
            "referral": record.reference,
            "state": str(record.state),
            "agency_reference": record.agency_reference,
            "deliveries": [
                {
                    "channel": delivery.message.channel,
                    "state": str(delivery.state),
                    "digest": delivery.message.digest,
                }
                for delivery in deliveries
            ],
            "ledger_entries": ledger.count(),
            "restriction": self.restriction,
            "seconds": round(self.teller.seconds, 1),
        }

    def _sign_in(self, key: str) -> Person:
        """Return the browser in which somebody is signed in; each signs in once."""
        if key not in self.browsers:
            user = self.cast.people[key]
            person = Person(self.base, str(user))
            page = person.sign_in(user.username, self.cast.password_of(key), lambda: self.cast.code_of(key))
            if "logout-form" not in page.text:
                raise StoryFailed(f"{user} cannot sign in")
            self.browsers[key] = person
        return self.browsers[key]

    def _open(self, person: Person) -> Page:
        return person.open(f"/admin/referrals/referral/{self.referral}/change/")

    def _state(self, page: Page) -> str:
        head = page.text.partition('class="record-head"')[2].partition('class="record-sub"')[0]
        return head.rpartition("</span>")[0]

    def _is_mine(self, person: Person, address: str) -> bool:
        text = person.open(f"/admin/triage/flag/{address}/change/").text
        return any(account in text for account in self.fresh.values())

    def _record(self) -> Any:
        return referrals.referral_for(self.cast.people["liaison"], self.referral)

    def _item(self, told: dict[str, Any]) -> dict[str, Any]:
        values = dict(told)
        if "occurred_after" in values:
            moment = self.began + timedelta(minutes=min(values.pop("occurred_after"), -1))
            there = timezone.localtime(moment, ZoneInfo(values["occurred_zone"]))
            values["occurred_at"] = f"{there:%Y-%m-%dT%H:%M:%S}"
        values.setdefault("chosen", True)
        return _ticked(values, "chosen")

    def text(self, values: Any) -> Any:
        """Return the values with this run's accounts and identifiers in the place of the fixture's."""
        if isinstance(values, str):
            for told, fresh in {**self.fresh, **self.known}.items():
                values = values.replace(told, fresh)
            return values
        if isinstance(values, dict):
            return {name: self.text(value) for name, value in values.items()}
        if isinstance(values, list):
            return [self.text(value) for value in values]
        return values


def _plain(html: str) -> str:
    """Return the words of a piece of a page."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def _another(kind: str, value: str) -> str:
    """Return a value that looks like this one and is of this run alone; telephone numbers stay fictional."""
    if kind == "phone":
        return f"{value[:-2]}{secrets.randbelow(100):02d}"
    local, at, domain = value.partition("@")
    return f"{local}{secrets.token_hex(3)}{at}{domain}" if kind in ("email", "payment_token") else value


def _ticks(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as a form sends them: a box that is ticked is on, one that is not is not there."""
    return {name: "on" if value is True else value for name, value in values.items() if value is not False}


def _ticked(values: dict[str, Any], box: str) -> dict[str, Any]:
    """A box that is not ticked is not sent."""
    return {**values, box: "on" if values.get(box) else None}
