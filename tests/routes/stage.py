"""Two cases that nobody shares, with one of each record: what the calls of the tests are about."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model

from coordination.access import services as access
from coordination.access.roles import ROLES
from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.channels import Receipt, ReceiptLevel
from coordination.core import clock
from coordination.datarequests import services as datarequests
from coordination.evidence import services as evidence
from coordination.inbox import services as inbox
from coordination.oncall import selectors as oncall_pages
from coordination.oncall import services as oncall
from coordination.outbox import services as outbox
from coordination.partners import selectors as partner_selectors
from coordination.partners import services as partners
from coordination.partners.services import Agency
from coordination.policy import selectors as policy_selectors
from coordination.policy import services as policy
from coordination.referrals import selectors, services
from coordination.restrictions import services as restrictions
from coordination.restrictions.services import Restriction
from coordination.restrictions.services.statements import make_many
from coordination.triage import services as triage
from coordination.triage.models import Flag
from tests.referrals.conftest import DRAFT, FACT, ITEM
from tests.triage.conftest import FOUND
from tests.world import _agency


@dataclass(frozen=True, kw_only=True)
class World:
    """One record of each kind, by the label of its model; all hang on one case and went to one agency."""

    records: dict[str, Model]

    def __getitem__(self, label: str) -> Any:
        return self.records[label]


class NotOnStage(LookupError):
    """A route is about something that the two worlds do not hold: add it to `build`."""


# Parameters that are not the key of their page's own records, and the query of a page about a record.
PARAMETERS: dict[tuple[str, str], tuple[str, str]] = {
    ("/admin/referrals/referral/question/", "pk"): ("referrals.question", "pk"),
    ("/admin/referrals/referral/addressee/", "pk"): ("referrals.addressee", "pk"),
    ("/admin/outbox/delivery/frozen/", "message"): ("outbox.message", "pk"),
    **{
        (f"/admin/restrictions/restriction/of/{part}/", "pk"): (f"restrictions.{part}", "pk")
        for part in ("command", "riskassessment", "appeal", "statement")
    },
    ("/api/v1/messages/", "message_id"): ("outbox.message", "pk"),
    ("/api/v1/requests/", "reference"): ("datarequests.datarequest", "reference"),
    ("/inbound/", "inbound_id"): ("partners.destination", "inbound_id"),
}
# What the callers have of their own, and what none of them has.
OF_CALLERS = {"/account/sessions/"}
OF_NOBODY = {"/account/mfa/webauthn/keys/"}
QUERIES = {
    "/admin/referrals/referral/add/": ("case", "cases.case", "reference"),
    "/admin/restrictions/restriction/add/": ("case", "cases.case", "reference"),
}


LIST = b"""ori,agency_name,agency_type,state,county,latitude,longitude
OR0000000,Elm Grove Police,City,Oregon,,,
"""


def build(name: str, *, author: User, approver: User, system: User) -> World:
    """Take a flag through to what an agency answered to its referral."""
    agency = _agency(f"Sheriff of {name}", f"{name[:2].upper()}0000000", f"{name}-sheriff.example")
    destination = partners.add_destination(
        agency,
        by=None,
        title="Threat desk, portal",
        channel="signed_webhook",
        config={"endpoint": "http://127.0.0.1:9/messages", "signing_secret": "secret:TEST_SIGNING"},
        how_known="Given by the watch commander on the call-back.",
    )
    flag = _flag(f"f-{name}", name, system)
    assert flag.case is not None
    _decide_to_refer(_flag(f"decided-{name}", name, system), name)
    sent = _referral(flag.case, author, destination)
    digests = {each.pk: each.message.digest for each in selectors.addressees_of(sent) if each.message}
    services.approve(sent, by=approver, digests=digests)
    addressee = selectors.addressees_of(sent).get()
    message = addressee.message
    assert message is not None
    told = Receipt(message_id=str(message.pk), level=ReceiptLevel.ACCEPTED, occurred_at=clock.now())
    outbox.record_receipt(message.pk, told, source="deliver")
    asked, _ = inbox.accept(
        agency=agency,
        external_id=f"q-{name}",
        kind="question",
        message_id=message.pk,
        payload={"question": "Is the school named?"},
        way="api",
    )
    exhibit, _ = evidence.take_in(
        flag.case.reference,
        by=None,
        content=io.BytesIO(b"On Monday they will all know my name."),
        filename="chat.txt",
        why="It is what the flag is about.",
    )
    asker = access.create_person(f"asker_{name}", by=None, roles=[Role.COUNSEL])
    package = evidence.ask_package(
        flag.case.reference, items=[exhibit.reference], recipient="Harrow", why="Asked for.", by=asker
    )
    restricted = restrictions.impose(
        flag.case,
        account=f"acct-{name}",
        step="limit_features",
        reason="A flag.",
        authority="platform.ladder-limit",
    )
    # An appeal names an account, and the word that a sample is made of is one.
    by_itself = {"step": "limit_features", "reason": "A flag.", "authority": "platform.ladder-limit"}
    restrictions.impose(flag.case, account="word", **by_itself)
    asked_for = datarequests.file(
        by=author,
        process="grand_jury_subpoena",
        agency=agency,
        requester="Sergeant Reyes",
        way="api",
        zone="America/Denver",
        case=flag.case,
        accounts=[("user_id", f"u-{name}")],
    )
    found = [
        *(asked_for, exhibit, package, restricted, *_parts(restricted, author)),
        *(agency, destination, flag, flag.case, _referral(flag.case, author, destination)),
        *(addressee, message, message.delivery, asked, sent.questions.get()),
    ]
    paged = oncall_pages.pages_for(author).filter(about=flag.origin).first()
    assert paged is not None
    return World(records={each._meta.label_lower: each for each in (*found, paged)})


def _flag(external_id: str, name: str, system: User) -> Flag:
    flag, _ = triage.receive(
        by=system,
        external_id=external_id,
        source="classifier",
        category="mass_casualty",
        content="On Monday they will all know my name.",
        content_at=datetime(2026, 3, 6, 23, 9, tzinfo=UTC),
        content_zone="America/Denver",
        account=f"acct-{name}",
        provenance="observed",
    )
    return flag


def _decide_to_refer(flag: Flag, name: str) -> None:
    """Decide another flag of the same case, so that the first still waits and the referral may leave."""
    triage.decide(
        flag,
        by=access.create_person(f"decider_{name}", by=None, roles=[Role.SENIOR_REVIEWER]),
        outcomes=["refer_police"],
        reasons="A school, Monday.",
        reopens_when="More.",
        assessment=FOUND,
    )


def share(world: World) -> None:
    """Let every team that may see a case see this one, and work on it."""
    for team in _teams():
        cases.grant(world["cases.case"], principal=team, by=None)


def hide(world: World) -> None:
    """Take a case from all teams: one person alone, who is no caller, is left on it."""
    share(world)
    last = access.create_person(f"last_{world['cases.case'].pk}", by=None, roles=[Role.SAFETY_LIAISON])
    cases.grant(world["cases.case"], principal=last, by=None)
    for team in _teams():
        cases.revoke(world["cases.case"], principal=team, by=None)


def add_what_takes_two() -> None:
    """Propose a role for somebody and other criteria, and let somebody act alone."""
    administrator = access.create_person("proposer", by=None, roles=[Role.ADMINISTRATOR])
    access.create_person("promoted", by=administrator, roles=[Role.REVIEWER], reason="Passed the course.")
    alone = access.create_person("alone", by=None, roles=[Role.DUTY_OFFICER])
    access.open_break_glass(by=alone, reason="A bomb threat, and nobody answers.")
    access.open_ledger_reviews(clock.now())
    partners.import_agencies(LIST, by=None)
    called = next(filter(partner_selectors.is_open, partner_selectors.taken_up()))
    partners.ask_call_back(called, by=None, about="D-0000-0000")
    partners.propose_contact_change(
        called, by=administrator, contact="phone", new="+1 970 555 0199", reason="They wrote."
    )
    oncall.open_schedule(code="first", name="First call", time_zone="UTC", by=None)
    base = policy_selectors.newest_criteria()
    policy.propose_criteria(
        by=access.create_person("proposer_of_criteria", by=None, roles=[Role.SENIOR_REVIEWER]),
        version="v9",
        effective_on=(clock.now() + timedelta(days=9)).date(),
        high_severity_categories=["csam"],
        citation="Platform policy",
        reason="To be looked at.",
        **{name: _as_in_a_file(getattr(base, name)) for name in ("sections", "rules")},
    )


def _as_in_a_file(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id" if name == "code" else name: value for name, value in row.items()} for row in rows]


def add_compartment(world: World, *, members: list[Role]) -> None:
    """Put another case under a compartment, with the callers of these roles in it."""
    keeper = access.create_person(f"keeper_{world['cases.case'].pk}", by=None, roles=[Role.COUNSEL])
    case = cases.open_case("Another matter", by=None)
    enter: dict[str, Any] = {"reason": "The victim asked.", "until": clock.now() + timedelta(days=9)}
    compartment = cases.mark(case, compartment="victim", by=keeper, **enter)
    for role in members:
        cases.admit(compartment, person=User.objects.get(username=role), by=keeper, **enter)
    world.records["cases.casecompartment"] = compartment


def add_tasks(shared: World, hidden: World) -> None:
    """Open a task that administrators and the auditor have before them, and one that neither has."""
    auditor = User.objects.get(username=Role.AUDITOR)
    told: dict[str, Any] = {"kind": "no_room", "title": "Exhibits cannot be kept"}
    shared.records["cases.task"] = cases.open_task(None, role=Role.ADMINISTRATOR, assignee=auditor, **told)
    hidden.records["cases.task"] = cases.open_task(None, role=Role.CUSTODIAN, **told)


def add_rows_of_all(world: World) -> None:
    """Add one row of each kind that no case owns: law, people, the ledger."""
    for kind in admin.site._registry.values():
        label = kind.opts.label_lower
        if label not in world.records:
            row = kind.model._default_manager.order_by("pk").first()
            if row is not None:
                world.records[label] = row


def value(address: str, parameter: str, model: str, world: World | None, like: World) -> str:
    """Return what stands for a parameter in a call about `world`; for None, of the same form and nobody's."""
    label, field = model, "pk"
    if parameter == "name" and model:
        return next(iter(kinds()[model].acts))
    for (prefix, name), known in PARAMETERS.items():
        if parameter == name and address.startswith(prefix):
            label, field = known
            break
    else:
        if parameter == "object_id":
            field = getattr(kinds()[model], "lookup", "pk")
        elif parameter != "pk" or not model:
            raise NotOnStage(f"{address} {{{parameter}}}")
    return one(label, field, world, like)


def one(label: str, field: str, world: World | None, like: World) -> str:
    """Return the value of a record's field; for no world, one of the same form that no record has."""
    if label not in like.records:
        raise NotOnStage(label)
    known = getattr((world or like)[label], field)
    return str(known) if world is not None else _missing(known)


def kinds() -> dict[str, Any]:
    """Return the pages of the desk by the label of what they show."""
    return {each.opts.label_lower: each for each in admin.site._registry.values()}


def _missing(known: Any) -> str:
    if isinstance(known, UUID):
        return str(uuid4())
    return "987654321" if isinstance(known, int) else str(known)[:2] + "0000-0000"


def _referral(case: Any, author: User, destination: Any) -> Any:
    referral = services.file(case, by=author, **DRAFT)
    services.add_item(referral, by=author, **ITEM)
    services.add_fact(referral, by=author, **FACT)
    services.add_addressee(referral, by=author, destination=destination)
    return services.submit(referral, by=author)


def _parts(restricted: Restriction, author: User) -> list[Any]:
    """Return one of each that belongs to a restriction."""
    policy_step = restricted.impositions.get()
    return [
        restrictions.preserve(restricted.case, account=restricted.account, reason="A flag."),
        restricted.commands.get(),
        restrictions.ask_lift(restricted, by=author, reason="The user wrote."),
        restrictions.receive_appeal(restricted, by=author, text="It was a song."),
        *make_many(
            [(policy_step, restrictions.Notice(facts="What was said.", ground="Terms.", tips_off=True))]
        ),
    ]


def _teams() -> list[Group]:
    names = [
        role for role, rights in ROLES.items() if rights.staff and "cases.view_case" in rights.permissions
    ]
    return list(Group.objects.filter(name__in=names))


def suspended(name: str) -> Agency:
    """Return an agency that was cut off."""
    agency = _agency(f"Police of {name}", f"{name[:2].upper()}0000001", f"{name}.example")
    return partners.suspend_agency(agency, by=None, reason="A forged request came from its mailbox.")
