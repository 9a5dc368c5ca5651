"""The one cast, named by role: the role is the whole of their rights (coordination/access/roles.py)."""

from collections.abc import Callable

import pytest

from coordination.access import selectors, services
from coordination.access.services import BreakGlass, Role, User

# Passwords are for tests that sign in over HTTP; everybody has the same.
PASSWORD = "correct horse battery staple"

Cast = Callable[..., User]


@pytest.fixture
def cast(db: None) -> Cast:
    """Make one more: `cast("reviewer")`, `cast("counsel", username="second")`, `cast()` for no role."""

    def person(role: str = "", *, username: str = "", alias: str = "", password: str | None = None) -> User:
        return services.create_person(
            username or role or "outsider",
            by=None,
            roles=[role] if role else [],
            alias=alias,
            first_name=NAMES.get(role, ("Sam", "Nobody"))[0],
            last_name=NAMES.get(role, ("Sam", "Nobody"))[1],
            password=password,
        )

    return person


Glass = Callable[[User], BreakGlass]


@pytest.fixture
def break_glass(cast: Cast) -> Glass:
    """Let somebody act alone, with two others there to be alerted: `break_glass(duty_officer)`."""

    def broken(person: User) -> BreakGlass:
        missing = 2 - len(selectors.to_alert(person, 2))
        for number in range(missing):
            cast(Role.COUNSEL, username=f"alerted_{number}")
        return services.open_break_glass(by=person, reason="Somebody is about to die; nobody answers.")

    return broken


NAMES: dict[str, tuple[str, str]] = {
    Role.SAFETY_LIAISON: ("Lena", "Okafor"),
    Role.REVIEWER: ("Rui", "Tanaka"),
    Role.SENIOR_REVIEWER: ("Sofia", "Marsh"),
    Role.DUTY_OFFICER: ("Dario", "Quist"),
    Role.COUNSEL: ("Clara", "Nwosu"),
    Role.DUTY_COUNSEL: ("Dev", "Castell"),
    Role.CUSTODIAN: ("Kit", "Albright"),
    Role.VICTIM_LIAISON: ("Vera", "Lindqvist"),
    Role.AUDITOR: ("Aud", "Itsen"),
    Role.ADMINISTRATOR: ("Ada", "Minh"),
    Role.OFFICER: ("Pat", "Harlow"),
    Role.PLATFORM_SYSTEM: ("Lanternchat", "flags"),
}


@pytest.fixture
def liaison(cast: Cast) -> User:
    """Files referrals."""
    return cast(Role.SAFETY_LIAISON, username="liaison", alias="L. at the desk")


@pytest.fixture
def reviewer(cast: Cast) -> User:
    """Looks at flags first; files, never approves."""
    return cast(Role.REVIEWER)


@pytest.fixture
def senior_reviewer(cast: Cast) -> User:
    """Decides on flags and approves referrals."""
    return cast(Role.SENIOR_REVIEWER)


@pytest.fixture
def duty_officer(cast: Cast) -> User:
    """Approves, and may break glass."""
    return cast(Role.DUTY_OFFICER)


@pytest.fixture
def counsel(cast: Cast) -> User:
    """Approves under the law."""
    return cast(Role.COUNSEL)


@pytest.fixture
def duty_counsel(cast: Cast) -> User:
    """Counsel on call."""
    return cast(Role.DUTY_COUNSEL)


@pytest.fixture
def custodian(cast: Cast) -> User:
    """Keeps records; acts on no referral."""
    return cast(Role.CUSTODIAN)


@pytest.fixture
def victim_liaison(cast: Cast) -> User:
    """Owns the contact with victims."""
    return cast(Role.VICTIM_LIAISON)


@pytest.fixture
def auditor(cast: Cast) -> User:
    """Sees all, acts on nothing."""
    return cast(Role.AUDITOR)


@pytest.fixture
def administrator(cast: Cast) -> User:
    """Keeps people and destinations; sees no case."""
    return cast(Role.ADMINISTRATOR)


@pytest.fixture
def outsider(cast: Cast) -> User:
    """On the staff, without any role: may sign in and see nothing."""
    person = cast()
    person.is_staff = True
    person.save(update_fields=["is_staff"])
    return person


@pytest.fixture
def police_officer(cast: Cast) -> User:
    """A person at an agency; the tests of partners add the agency."""
    return cast(Role.OFFICER, username="police_officer")


@pytest.fixture
def platform_system(cast: Cast) -> User:
    """The platform's own flag poster."""
    return cast(Role.PLATFORM_SYSTEM)
