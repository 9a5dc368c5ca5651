"""A contact changes by a proposal, a call to the old number, a hold and a second person; by no request."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from coordination.access.services import Role, User
from coordination.cases import selectors as cases
from coordination.cases.services import complete_task
from coordination.channels.testing import FakeMailbox, Situation
from coordination.core import clock
from coordination.core.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted, Refused
from coordination.ledger import selectors as ledger
from coordination.partners import selectors, services
from coordination.partners.models import Agency, ContactChange, Destination, Officer
from coordination.partners.workflow import CHANGE, ChangeState, ChangeVerb
from tests.architecture.test_wall import FOR_PARTNERS
from tests.doors import signed_in
from tests.people import Cast
from tests.world import DestinationOf, OfficerOf

OLD, NEW = "+1 970 555 0112", "+1 970 555 0199"
TOLD = {"spoke_with": "Dana Pruitt, watch commander", "words": "From the first of the month."}
HOLD = timedelta(hours=72)
HOW = "No answer came from the old address."


@pytest.fixture
def mailbox(settings: Any) -> Iterator[FakeMailbox]:
    with FakeMailbox() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.DEFAULT_FROM_EMAIL = "desk@lanternchat.example"
        yield box


@pytest.fixture
def second(cast: Cast) -> User:
    return cast(Role.ADMINISTRATOR, username="second")


@pytest.fixture
def known(agency: Agency) -> Agency:
    """An agency with a mailbox on file."""
    Agency.objects.filter(pk=agency.pk).update(mailbox="records@harrow-sheriff.example")
    agency.refresh_from_db()
    return agency


@pytest.fixture
def proposed(agency: Agency, administrator: User) -> ContactChange:
    return services.propose_contact_change(
        agency, by=administrator, contact="phone", new=NEW, reason="A letter of theirs."
    )


@pytest.fixture
def held(proposed: ContactChange, administrator: User) -> ContactChange:
    return services.record_contact_call(proposed, by=administrator, outcome="confirmed", **TOLD)


def _make(change: ContactChange, by: User, after: timedelta = HOLD) -> ContactChange:
    assert change.held_until is not None
    with clock.frozen(change.held_until - HOLD + after):
        return services.apply_contact_change(change, by=by, reason=HOW)


def _phone() -> str:
    return Agency.objects.get().phone


def test_a_change_takes_a_call_to_the_old_number_a_hold_and_a_second_person(
    proposed: ContactChange, administrator: User, second: User
) -> None:
    assert (proposed.state, proposed.call.phone, _phone()) == ("proposed", OLD, OLD)
    assert OLD in proposed.call.script
    assert NEW not in proposed.call.script
    held = services.record_contact_call(proposed, by=administrator, outcome="confirmed", **TOLD)
    assert held.held_until is not None
    assert abs(held.held_until - clock.now() - HOLD) < timedelta(minutes=1)
    assert _phone() == OLD
    done = _make(held, second)
    assert (done.state, done.ended_by, _phone()) == ("effective", second, NEW)


def test_nobody_makes_a_change_before_the_hold_is_over(held: ContactChange, second: User) -> None:
    with pytest.raises(Refused, match="held until"):
        _make(held, second, after=HOLD - timedelta(seconds=1))
    assert _phone() == OLD


def test_whoever_proposed_a_change_does_not_make_it(held: ContactChange, administrator: User) -> None:
    with pytest.raises(Refused, match="proposed"):
        _make(held, administrator)
    assert _phone() == OLD


def test_the_database_refuses_one_person_and_a_hold_cut_short(
    held: ContactChange, administrator: User, second: User
) -> None:
    assert held.held_until is not None
    rows = ContactChange.objects.filter(pk=held.pk)
    for by, at in ((administrator, held.held_until), (second, held.held_until - timedelta(seconds=1))):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(state="effective", ended_by=by, ended_at=at)


@pytest.mark.parametrize("outcome", ["no_such_case", "no_such_officer", "left"])
def test_what_the_agency_does_not_confirm_is_over(
    proposed: ContactChange, administrator: User, second: User, outcome: str
) -> None:
    denied = services.record_contact_call(proposed, by=administrator, outcome=outcome, **TOLD)
    assert denied.state == "denied"
    with pytest.raises(IllegalTransition):
        services.apply_contact_change(denied, by=second, reason=HOW)
    assert _phone() == OLD


def test_nobody_reached_leaves_a_change_proposed(proposed: ContactChange, administrator: User) -> None:
    assert services.record_contact_call(proposed, by=administrator, outcome="not_reached").state == "proposed"
    assert selectors.contact_change(proposed.pk).call.tries == 1


def test_a_change_is_withdrawn_while_it_is_held(held: ContactChange, second: User) -> None:
    assert services.withdraw_contact_change(held, by=second, reason="They wrote: no.").state == "withdrawn"
    with pytest.raises(IllegalTransition):
        _make(held, second)


def test_every_pair_of_state_and_verb_is_decided() -> None:
    allowed = {(state, verb) for state, verb, _ in CHANGE}
    for state in ChangeState:
        for verb in ChangeVerb:
            if (state, verb) not in allowed:
                with pytest.raises(IllegalTransition):
                    CHANGE.after(state, verb)
    assert CHANGE.terminal == {ChangeState.EFFECTIVE, ChangeState.WITHDRAWN, ChangeState.DENIED}


def test_the_old_address_is_told_in_neutral_words_and_before_the_change(
    known: Agency, administrator: User, second: User, mailbox: FakeMailbox
) -> None:
    change = services.propose_contact_change(
        known, by=administrator, contact="phone", new=NEW, reason="A letter of theirs."
    )
    assert services.send_notices() == 0
    held = services.record_contact_call(change, by=administrator, outcome="confirmed", **TOLD)
    with pytest.raises(Refused, match="not told yet"):
        _make(held, second)
    assert services.send_notices() == 1
    assert services.send_notices() == 0
    [mail] = mailbox.messages
    assert mail["To"] == "records@harrow-sheriff.example"
    text = mail.get_content()
    for secret in (NEW, OLD, "Harrow", "letter", "Pruitt"):
        assert secret not in f"{mail['Subject']} {text}"
    assert _make(selectors.contact_change(held.pk), second).state == "effective"


@pytest.mark.parametrize("situation", [Situation.REFUSES, Situation.FAILS, Situation.DOWN])
def test_mail_that_does_not_get_through_keeps_the_change_back_and_is_tried_again(
    known: Agency, administrator: User, second: User, mailbox: FakeMailbox, situation: Situation
) -> None:
    change = services.propose_contact_change(
        known, by=administrator, contact="mailbox", new="desk@harrow-sheriff.example", reason="A letter."
    )
    held = services.record_contact_call(change, by=administrator, outcome="confirmed", **TOLD)
    mailbox.be(situation)
    assert services.send_notices() == 0
    with pytest.raises(Refused, match="not told yet"):
        _make(held, second)
    if situation is not Situation.DOWN:
        mailbox.be(Situation.ACCEPTS)
        assert services.send_notices() == 1


def test_an_officers_contact_changes_the_same_way_and_the_old_one_is_told(
    agency: Agency, police_officer_of: OfficerOf, administrator: User, second: User, mailbox: FakeMailbox
) -> None:
    officer = Officer.objects.get(user=police_officer_of(agency))
    officer.contact = "c.reyes@harrow-sheriff.example"
    officer.save(update_fields=["contact"])
    new = "carla.reyes@harrow-sheriff.example"
    change = services.propose_contact_change(
        agency, by=administrator, contact="officer", officer=officer, new=new, reason="She wrote."
    )
    services.record_contact_call(change, by=administrator, outcome="confirmed", **TOLD)
    assert services.send_notices() == 1
    assert mailbox.messages[0]["To"] == "c.reyes@harrow-sheriff.example"
    _make(selectors.contact_change(change.pk), second)
    assert Officer.objects.get(pk=officer.pk).contact == new
    for entry in ledger.entries_about(f"agency:{agency.pk}"):
        assert b"reyes@" not in bytes(entry.entry)
        assert "new_digest" not in entry.data["details"]


def test_where_a_destination_leads_changes_the_same_way(
    agency: Agency, destination_of: DestinationOf, administrator: User, second: User
) -> None:
    destination = destination_of(agency)
    before = services.destination_fingerprint(destination)
    config = {**destination.config, "endpoint": "http://127.0.0.1:8/"}
    with pytest.raises(Refused, match="by a proposal"):
        services.change_destination(destination, by=administrator, config=config, how_known="They wrote.")
    change = services.propose_contact_change(
        agency,
        by=administrator,
        contact="destination",
        destination=destination,
        new=config,
        reason="A letter.",
    )
    services.record_contact_call(change, by=administrator, outcome="confirmed", **TOLD)
    assert Destination.objects.get().config["endpoint"] == "http://127.0.0.1:9/messages"
    _make(selectors.contact_change(change.pk), second)
    changed = selectors.destination(destination.pk)
    assert changed.config["endpoint"] == "http://127.0.0.1:8/"
    assert services.destination_fingerprint(changed) != before
    assert "Dana Pruitt" in changed.how_known


def test_edr_13_a_destination_that_is_added_is_opened_by_another(
    agency: Agency, administrator: User, second: User
) -> None:
    made = services.add_destination(
        agency,
        by=administrator,
        title="Their new portal",
        channel="signed_webhook",
        config={"endpoint": "http://127.0.0.1:8/", "signing_secret": "secret:TEST_SIGNING"},
        how_known="They wrote.",
    )
    assert not selectors.is_destination_open(made)
    with pytest.raises(Refused, match="does not open it"):
        services.change_destination(made, by=administrator, enabled=True)
    services.change_destination(made, by=second, enabled=True)
    assert selectors.is_destination_open(made)


@pytest.mark.parametrize(
    ("contact", "new", "field"),
    [
        ("phone", "call me", "new"),
        ("phone", OLD, "new"),
        ("domain", "not a domain", "new"),
        ("mailbox", "nobody", "new"),
        ("address", " ", "new"),
        ("officer", "x@y.example", "contact"),
        ("destination", "x", "contact"),
        ("name", "Somebody else", "contact"),
    ],
)
def test_what_cannot_stand_there_is_not_proposed(
    agency: Agency, administrator: User, contact: str, new: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.propose_contact_change(
            agency, by=administrator, contact=contact, new=new, reason="A letter of theirs."
        )
    assert refused.value.field == field


def test_one_change_of_a_contact_is_open_at_a_time(
    proposed: ContactChange, agency: Agency, administrator: User, second: User
) -> None:
    with pytest.raises(Refused, match="is open"):
        services.propose_contact_change(
            agency, by=second, contact="phone", new="+1 970 555 0155", reason="Another letter."
        )
    services.withdraw_contact_change(proposed, by=administrator, reason="A mistake.")
    services.propose_contact_change(
        agency, by=second, contact="phone", new="+1 970 555 0155", reason="Another letter."
    )


def test_a_contact_that_changed_meanwhile_is_not_written_over(held: ContactChange, second: User) -> None:
    Agency.objects.filter(pk=held.agency_id).update(phone="+1 970 555 0155")
    with pytest.raises(Conflict):
        _make(held, second)
    assert _phone() == "+1 970 555 0155"


def test_nothing_of_a_suspended_agency_is_changed(
    held: ContactChange, agency: Agency, administrator: User, second: User
) -> None:
    services.suspend_agency(agency, by=administrator, reason="A forged request.")
    with pytest.raises(Refused, match="suspended"):
        _make(held, second)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_edr_13_nobody_but_administrators_touches_a_contact(
    agency: Agency, held: ContactChange, cast: Cast, role: Role
) -> None:
    person = cast(role)
    for act in (
        lambda: services.propose_contact_change(
            agency, by=person, contact="domain", new="x.example", reason="x"
        ),
        lambda: services.record_contact_call(held, by=person, outcome="confirmed", **TOLD),
        lambda: services.withdraw_contact_change(held, by=person, reason="x"),
        lambda: services.apply_contact_change(held, by=person, reason="x"),
    ):
        with pytest.raises(NotPermitted):
            act()
    assert _phone() == OLD


def test_edr_13_nothing_that_a_partner_can_call_takes_a_contact() -> None:
    """No route for partners takes one: what is registered is read by nothing that a request can write."""
    words = ("contact", "phone", "agenc", "destination", "officer")
    assert FOR_PARTNERS
    assert not [route for _, route, _ in FOR_PARTNERS if any(word in route for word in words)]


def test_edr_03_an_answer_goes_to_what_is_registered_whatever_a_message_says(
    agency: Agency, destination_of: DestinationOf
) -> None:
    """Reply-To is no way in: what it resembles is no agency, and a destination is picked, not read."""
    destination = destination_of(agency)
    said = "Please answer to evidence@harrow-sheriff.example.attacker.tld or +1 970 555 0199."
    assert selectors.match_domain(said) is None
    assert selectors.match_domain("evidence@harrow-sheriff.example.attacker.tld") is None
    assert [each.pk for each in selectors.destinations_open()] == [destination.pk]


def test_a_change_waits_before_the_administrators_at_each_step(
    proposed: ContactChange, administrator: User, second: User
) -> None:
    def waiting() -> list[Any]:
        return [each for each in cases.waiting_for(second) if "contact" in each.kind]

    [task] = waiting()
    assert task.kind == "call_about_contact"
    with pytest.raises(Refused):
        complete_task(task, by=second, outcome="Done.")
    held = services.record_contact_call(proposed, by=administrator, outcome="confirmed", **TOLD)
    [task] = waiting()
    assert (task.kind, task.due_at) == ("change_contact", held.held_until)
    _make(held, second)
    assert waiting() == []


def test_each_step_is_in_the_ledger(held: ContactChange, second: User) -> None:
    _make(held, second)
    actions = [each.action for each in ledger.entries_about(f"agency:{held.agency_id}")]
    assert [each for each in actions if "contact_change" in each] == [
        "partners.contact_change_proposed",
        "partners.contact_change_held",
        "partners.contact_change_effective",
    ]


def test_a_change_is_made_on_the_desk_by_two(
    agency: Agency, administrator: User, second: User, client: Client
) -> None:
    signed_in(administrator, client)
    page = f"/admin/partners/agency/{agency.pk}/"
    words = {"contact": "domain", "new": "harrow-sheriffs.example", "reason": "A letter of theirs."}
    shown = client.post(f"{page}do/propose_contact/", words, follow=True).content.decode()
    assert OLD in shown
    assert "It resembles harrow-sheriff.example" in shown
    assert "nothing has changed" in shown
    change = ContactChange.objects.get()
    at = f"/admin/partners/contactchange/{change.pk}/"
    shown = client.post(
        f"{at}do/record_call/", {"outcome": "confirmed", **TOLD}, follow=True
    ).content.decode()
    assert "Another administrator makes it" in shown
    assert "harrow-sheriffs.example" in client.get(f"{at}change/").content.decode()
    assert "domain, held" in client.get(f"{page}change/").content.decode().lower()
    other = Client()
    signed_in(second, other)
    assert "do/make/" not in other.get(f"{at}change/").content.decode()
    ContactChange.objects.update(held_until=clock.now())
    other.post(f"{at}do/make/", {"reason": HOW})
    assert Agency.objects.get().domain == "harrow-sheriffs.example"


def test_another_address_of_a_destination_becomes_a_proposal_on_the_desk(
    agency: Agency, destination_of: DestinationOf, administrator: User, client: Client
) -> None:
    destination = destination_of(agency)
    signed_in(administrator, client)
    words = {
        "title": destination.title,
        "how_known": "A letter of theirs.",
        "config_endpoint": "http://127.0.0.1:8/",
        "config_signing_secret": "secret:TEST_SIGNING",
    }
    page = f"/admin/partners/destination/{destination.pk}/do/change/"
    assert OLD in client.post(page, words, follow=True).content.decode()
    assert Destination.objects.get().config["endpoint"] == "http://127.0.0.1:9/messages"
    assert ContactChange.objects.get().contact == "destination"
