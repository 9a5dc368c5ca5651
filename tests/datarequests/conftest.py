"""A data request in the state that a test needs; officers, custodians and counsel around it."""

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from coordination.access.services import Role, User
from coordination.core import clock
from coordination.datarequests import services
from coordination.datarequests.models import DataRequest, NamedAccount, Production
from coordination.datarequests.services import UserNotice
from coordination.datarequests.workflow import RequestState
from coordination.evidence import services as evidence
from coordination.evidence.services import Exhibit
from coordination.partners import selectors as partners
from coordination.partners.services import Agency, Officer
from tests.people import Cast
from tests.world import OfficerOf

ZONE = "America/Denver"
FACE: dict[str, Any] = {
    "authority": "18 USC 2703(c)(2)",
    "court": "District Court, Harrow County, 2026 GJ 11",
    "signed_by": "Clerk of the court",
    "signed_on": date(2026, 4, 30),
    "addressed_to": "Lanternchat, Inc.",
    "offence": "Stalking",
    "nexus": "The messages came from the named account.",
    "categories": ["subscriber", "sessions", "payment"],
    "range_from": date(2026, 5, 1),
    "range_until": date(2026, 5, 7),
    "return_on": date(2027, 6, 1),
}
GROUNDS: dict[str, Any] = {
    "officer_name": "Carla Reyes",
    "officer_rank": "Sergeant",
    "officer_badge": "4471",
    "agency_address": "1 Main Street, Harrow",
    "agency_domain": "harrow-sheriff.example",
    "agency_phone": "+1 970 555 0199",
    "is_sworn": True,
    "person_in_danger": "A girl of nine, taken from the school at noon.",
    "nature": "Abduction by the subject.",
    "since_when": "Two hours ago.",
    "data_and_why": "Sessions of today: where the phone is tells us where she is.",
    "why_not_process": "A warrant takes until tomorrow.",
}
MINE = ("user_id", "u-7731")
DAY = datetime(2026, 5, 3, 18, 0, tzinfo=UTC)
SUBSCRIBER = b'{"name": "Robin Vale", "email": "robin@example.net"}'

File = Callable[..., DataRequest]
Keep = Callable[..., Exhibit]
Tell = Callable[[DataRequest], UserNotice]


@pytest.fixture(autouse=True)
def _ready(packs: None, store: Any) -> None:
    """Law in force, and a store of the test's own."""


@pytest.fixture
def custodian(cast: Cast) -> User:
    """Collects."""
    return cast(Role.CUSTODIAN)


@pytest.fixture
def second_custodian(cast: Cast) -> User:
    """Checks what the first collected."""
    return cast(Role.CUSTODIAN, username="second_custodian")


@pytest.fixture
def officer(agency: Agency, police_officer_of: OfficerOf) -> Officer:
    """A verified officer of the sheriff."""
    found = partners.officer_of(police_officer_of(agency))
    assert found is not None
    return found


@pytest.fixture
def file(agency: Agency, officer: Officer, liaison: User) -> File:
    """Enter a request: `file()`, `file(process="search_warrant", categories=[…])`."""

    def make(**said: Any) -> DataRequest:
        values: dict[str, Any] = {
            "by": liaison,
            "process": "grand_jury_subpoena",
            "agency": agency,
            "officer": officer,
            "requester": "Sergeant Carla Reyes",
            "way": "post",
            "zone": ZONE,
            "accounts": [MINE],
            **FACE,
            **said,
        }
        if values["process"] == "emergency":
            values = {"emergency_kind": "abduction", "grounds": GROUNDS, **values}
        return services.file(**values)

    return make


@pytest.fixture
def docketed(file: File, liaison: User) -> File:
    """Make a request that was verified and docketed, with its scan."""

    def make(**said: Any) -> DataRequest:
        request = file(**said)
        content = io.BytesIO(f"Process {request.reference}".encode())
        services.attach_scan(request, by=liaison, content=content, filename="process.pdf")
        services.verify_requester(request, by=liaison, how="The watch desk, on our number: she made it.")
        return services.docket(request, by=liaison)

    return make


@pytest.fixture
def looked_at(docketed: File, liaison: User) -> File:
    """Make a request whose face was looked at."""

    def make(**said: Any) -> DataRequest:
        return services.check_validity(docketed(**said), by=liaison, addressed_right=True)[0]

    return make


@pytest.fixture
def accepted(looked_at: File, counsel: User) -> File:
    """Make an accepted request."""
    return lambda **said: services.accept(looked_at(**said), by=counsel)


@pytest.fixture
def collecting(accepted: File, counsel: User, custodian: User) -> File:
    """Make a request that is being collected, its first account known."""

    def make(**said: Any) -> DataRequest:
        request = accepted(**said)
        services.keep_silent(request, by=counsel, because="It would drive him to flight.")
        services.collect(request, by=custodian)
        services.offer_candidates(first_account(request), by=custodian, candidates=["acct-7731"])
        return fresh(request)

    return make


@pytest.fixture
def keep_for(custodian: User) -> Keep:
    """Take content into the case of a request: `keep_for(request, b"…")`."""

    def keep(request: DataRequest, content: bytes = SUBSCRIBER, *, transcript: bool = False) -> Exhibit:
        deed = evidence.import_transcript if transcript else evidence.take_in
        exhibit, _ = deed(
            request.case.reference,
            by=custodian,
            content=io.BytesIO(content),
            filename="export.jsonl",
            why="Exported for the request.",
        )
        return exhibit

    return keep


@pytest.fixture
def handed_in(collecting: File, keep_for: Keep, custodian: User) -> File:
    """Make a request whose subscriber data was collected and handed in."""

    def make(**said: Any) -> DataRequest:
        request = collecting(**said)
        relates = {"relates": "It names who has her."} if request.process == "emergency" else {}
        services.add_item(
            request,
            by=custodian,
            account=first_account(request),
            category="subscriber",
            exhibit=keep_for(request),
            **relates,  # type: ignore[arg-type]
        )
        services.hand_in(request, by=custodian)
        return fresh(request)

    return make


@pytest.fixture
def to_sign(handed_in: File, second_custodian: User) -> File:
    """Make a request that waits for counsel's signature."""

    def make(**said: Any) -> DataRequest:
        request = handed_in(**said)
        services.quality_check(request, by=second_custodian, digest=production(request).digest)
        return fresh(request)

    return make


@pytest.fixture
def signed(to_sign: File, counsel: User) -> File:
    """Make a request whose production counsel signed."""

    def make(**said: Any) -> DataRequest:
        request = to_sign(**said)
        services.sign_off(request, by=counsel, digest=production(request).digest)
        return fresh(request)

    return make


@pytest.fixture
def tell(counsel: User, cast: Cast) -> Tell:
    """Tell the user of a request, by a letter that one counsel writes and another approves."""
    second = cast(Role.DUTY_COUNSEL, username="approves_notices")

    def told(request: DataRequest) -> UserNotice:
        notice = services.prepare_notice(request, by=counsel)
        assert notice.letter is not None
        services.approve_notice(notice, by=second, digest=notice.letter.sha256)
        return services.tell_user(notice, by=counsel, how="By e-mail to the address of the account.")

    return told


def first_account(request: DataRequest) -> NamedAccount:
    """Return the first named account."""
    found = NamedAccount.objects.filter(request=request).first()
    assert found is not None
    return found


def production(request: DataRequest) -> Production:
    """Return the production that stands."""
    return Production.objects.get(request=request, voided_at=None)


def fresh(request: DataRequest) -> DataRequest:
    """Return a request as it stands now."""
    return DataRequest.objects.select_related("case", "agency", "officer", "gate").get(pk=request.pk)


def put(request: DataRequest, state: RequestState) -> DataRequest:
    """Put a request into a state without going the way there, for the product of states and verbs."""
    closure = "withdrawn" if state == RequestState.CLOSED else ""
    rejection = "other" if state == RequestState.REJECTED else ""
    DataRequest.objects.filter(pk=request.pk).update(state=state, closure=closure, rejection=rejection)
    return fresh(request)


def transcript(*said: tuple[str, datetime, str]) -> bytes:
    """Return a transcript of (speaker, time, text)."""
    rows = ({"speaker": who, "at": at.isoformat(), "text": text} for who, at, text in said)
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def later(**period: float) -> datetime:
    """Return a time after now."""
    return clock.now() + timedelta(**period)
