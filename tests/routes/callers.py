"""Everybody who might call: each role of the table, and those whom no role describes."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

from django.test import Client

from coordination.access import services as access
from coordination.access.models import DeskSession
from coordination.access.roles import ROLES
from coordination.access.services import Role, Scope, User
from coordination.core import clock
from coordination.partners import services as partners
from coordination.partners.services import Agency
from tests.doors import signed_in

OFFICER_OF_OURS, OFFICER_OF_THEIRS = "officer of the agency", "officer of the other agency"
NAMES = [
    *(role.value for role in Role if role is not Role.OFFICER),
    *(OFFICER_OF_OURS, OFFICER_OF_THEIRS, "officer of a suspended agency", "officer without scopes"),
    *("nobody", "somebody without a role", "a disabled person", "a disabled officer", "an expired token"),
]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """One who calls: in a browser on the desk, and with a token of every scope (or `scopes`) at the API.

    `role` is empty for who has none. `agency` is whose officer they are; None where that opens nothing.
    """

    name: str
    role: str = ""
    signed_in: bool = True
    token_lives: bool = True
    cut_off: bool = False
    scopes: tuple[str, ...] = tuple(Scope.values)
    agency: Agency | None = None
    cookies: str = ""
    token: str = ""
    session: str = ""
    permissions: frozenset[str] = field(default=frozenset())

    @property
    def on_the_desk(self) -> bool:
        """Whether the desk's door opens."""
        return self.signed_in and bool(self.role) and ROLES[Role(self.role)].staff

    def browser(self) -> Client:
        """Return a browser as it is right after signing in."""
        client = Client(raise_request_exception=False)
        client.cookies = SimpleCookie(self.cookies)
        return client

    def at_the_api(self) -> Client:
        """Return a client that carries the token."""
        headers = {"authorization": f"Bearer {self.token}"} if self.token else None
        return Client(raise_request_exception=False, headers=headers)


def everybody(ours: Agency, theirs: Agency, cut_off: Agency) -> dict[str, Caller]:
    """Return the callers by name, signed in and with tokens where they may have them."""
    found = {role.value: _caller(role.value, role=role.value) for role in Role if role is not Role.OFFICER}
    found[OFFICER_OF_OURS] = _officer(OFFICER_OF_OURS, ours, agency=ours)
    found[OFFICER_OF_THEIRS] = _officer(OFFICER_OF_THEIRS, theirs, agency=theirs)
    found["officer of a suspended agency"] = _officer("officer of a suspended agency", cut_off, cut_off=True)
    found["officer without scopes"] = _officer("officer without scopes", ours, agency=ours, scopes=())
    found["nobody"] = Caller(name="nobody", signed_in=False, token_lives=False)
    found["somebody without a role"] = _caller("somebody without a role", role="")
    found["a disabled person"] = _disabled("a disabled person", _caller, role=Role.DUTY_OFFICER)
    found["a disabled officer"] = _disabled("a disabled officer", _officer, of=ours, agency=ours)
    with clock.frozen(clock.now() - timedelta(days=30)):
        expired = _officer("an expired token", ours, agency=ours, token_lives=False)
    # The token is of last month, the browser of now.
    found["an expired token"] = replace(expired, **_browser(User.objects.get(username="an_expired_token")))
    assert list(found) == NAMES
    return found


def _caller(name: str, *, role: str, user: User | None = None, **more: Any) -> Caller:
    person = user or access.create_person(name.replace(" ", "_"), by=None, roles=[role] if role else [])
    scopes = more.get("scopes", tuple(Scope.values))
    # A token has a scope; one that none of the routes asks for stands for none.
    _, plain = access.issue_token(
        person, by=None, name="test", scopes=scopes or [Scope.FLAG], expires_in=timedelta(days=1)
    )
    return Caller(
        name=name,
        role=role,
        **_browser(person),
        token=plain,
        permissions=ROLES[Role(role)].permissions if role else frozenset(),
        **more,
    )


def _browser(person: User) -> dict[str, str]:
    cookies = signed_in(person).cookies.output(header="", sep=";")
    return {"cookies": cookies, "session": str(DeskSession.objects.filter(user=person).latest("began_at").pk)}


def _officer(name: str, of: Agency, **more: Any) -> Caller:
    user = access.create_person(name.replace(" ", "_"), by=None, roles=[Role.OFFICER])
    officer = partners.register_officer(of, by=None, user=user, name="Carla Reyes", rank="Sergeant")
    partners.verify_officer(officer, by=None, how_verified="Called back on the number in our directory.")
    return _caller(name, role=Role.OFFICER, user=user, **more)


def _disabled(name: str, make: Any, **more: Any) -> Caller:
    caller: Caller = make(name, signed_in=False, token_lives=False, **more)
    administrator = User.objects.get(username=Role.ADMINISTRATOR)
    person = User.objects.get(username=name.replace(" ", "_"))
    access.change_person(person, by=administrator, alias="", is_active=False)
    return caller
