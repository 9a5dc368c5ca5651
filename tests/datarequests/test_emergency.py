"""False emergencies: a genuine mailbox, grounds that are missing (EDR-01, EDR-05)."""

import pytest
from django.db import IntegrityError, transaction

from coordination.access.services import User
from coordination.cases import selectors as cases
from coordination.core.errors import IllegalTransition, NotPermitted, Refused
from coordination.datarequests import selectors, services
from coordination.datarequests.models import DataRequest
from coordination.partners import services as partners
from coordination.partners.services import Agency, Officer
from tests.datarequests.conftest import GROUNDS, File, first_account, fresh, production

EMERGENCY = {"process": "emergency", "categories": ["subscriber", "sessions"]}


def test_edr_01_a_request_from_a_genuine_mailbox_opens_unverified_and_nothing_leaves(
    file: File, agency: Agency, liaison: User, counsel: User, custodian: User
) -> None:
    request = file(**EMERGENCY, officer=None, way="email", requester="Sgt. Reyes, call +1 999 555 0000")
    assert (request.state, request.priority, request.verified_by) == ("received", "P0", None)
    task = cases.open_task("verify_requester", request.origin)
    assert task is not None
    assert agency.phone in task.instructions
    assert "+1 999" not in task.instructions
    with pytest.raises(Refused, match="verified officer"):
        services.verify_requester(request, by=liaison, how="They said yes.")
    for deed in (
        lambda: services.docket(request, by=liaison),
        lambda: services.accept(request, by=counsel),
        lambda: services.collect(request, by=custodian),
        lambda: services.produce(request, by=custodian),
    ):
        with pytest.raises(IllegalTransition):
            deed()
    assert selectors.production_of(request) is None


def test_edr_01_who_called_back_does_not_accept_it(
    looked_at: File, duty_officer: User, counsel: User
) -> None:
    request = looked_at(**EMERGENCY)
    # The liaison called back and may not decide anyway: let the duty officer have done it.
    DataRequest.objects.filter(pk=request.pk).update(verified_by=duty_officer)
    with pytest.raises(Refused, match="another person"):
        services.accept(fresh(request), by=duty_officer)
    services.accept(fresh(request), by=counsel)
    with pytest.raises(IntegrityError, match="emergency_two_people"), transaction.atomic():
        DataRequest.objects.filter(pk=request.pk).update(decided_by=duty_officer)


def test_edr_01_a_liaison_who_called_back_decides_nothing(looked_at: File, liaison: User) -> None:
    with pytest.raises(NotPermitted):
        services.accept(looked_at(**EMERGENCY), by=liaison)


@pytest.mark.parametrize(
    ("missing", "title"),
    [
        ({"person_in_danger": " "}, "The person in danger"),
        ({"nature": ""}, "Nature and recency"),
        ({"since_when": ""}, "Nature and recency"),
        ({"data_and_why": ""}, "Which data"),
        ({"why_not_process": ""}, "Why ordinary process"),
        ({"is_sworn": False}, "Sworn officer"),
        ({"officer_badge": ""}, "Sworn officer"),
        ({"agency_domain": ""}, "Sworn officer"),
    ],
)
def test_edr_05_without_each_ground_it_is_not_accepted(
    looked_at: File, counsel: User, missing: dict[str, object], title: str
) -> None:
    request = looked_at(**EMERGENCY, grounds={**GROUNDS, **missing})
    with pytest.raises(Refused, match=title):
        services.accept(request, by=counsel)
    rejected = services.reject(request, by=counsel, rejection="grounds_missing", reason="No person is named.")
    assert (rejected.state, rejected.rejection) == ("rejected", "grounds_missing")


def test_edr_05_with_no_grounds_at_all_every_one_is_named(looked_at: File, counsel: User) -> None:
    request = looked_at(**EMERGENCY, grounds={})
    stops = {each.code for each in services.look(request) if each.stops}
    assert {"us.emergency-officer", "us.emergency-person", "us.emergency-nature"} <= stops
    assert {"us.emergency-data", "us.emergency-process"} <= stops


def test_what_goes_out_in_an_emergency_says_how_it_relates_to_it(
    collecting: File, custodian: User, keep_for: object
) -> None:
    request = collecting(**EMERGENCY)
    with pytest.raises(Refused, match="relates to the emergency"):
        services.add_item(
            request,
            by=custodian,
            account=first_account(request),
            category="subscriber",
            exhibit=request.scan,  # type: ignore[arg-type]
        )


def test_a_suspended_officer_takes_counsel_s_signature_with_them(
    signed: File, officer: Officer, custodian: User
) -> None:
    request = signed()
    partners.suspend_officer(officer, by=None, reason="A forged request.")
    request = fresh(request)
    assert request.state == "collection"
    assert (production(request).signed_by, production(request).digest) == (None, "")
    with pytest.raises(IllegalTransition):
        services.produce(request, by=custodian)


def test_a_suspended_agency_is_not_handed_what_was_produced(
    signed: File, agency: Agency, custodian: User
) -> None:
    request = services.produce(signed(), by=custodian).request
    partners.suspend_agency(agency, by=None, reason="A forged request.")
    with pytest.raises(Refused, match="suspended"):
        services.deliver(fresh(request), by=custodian)
