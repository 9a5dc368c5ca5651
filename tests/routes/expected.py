"""What a rule lets a caller have, in the terms in which a caller can tell answers apart."""

from enum import StrEnum
from typing import Any

from coordination.access.services import Role
from coordination.core.rules import Records, Rule, Who, holds
from coordination.desk.routes import Route
from tests.routes.callers import Caller


class Outcome(StrEnum):
    """How a call was met."""

    IN = "let in"
    DOOR = "sent to the door"
    REFUSED = "refused"
    ABSENT = "as if it were not there"
    NO_SUCH_VERB = "no such verb"
    BROKE = "broke"


class About(StrEnum):
    """What a call is about, as its caller sees it."""

    OWN = "own"
    FOREIGN = "foreign"
    MISSING = "missing"


# Signing in, signing in again, and home, where those are led who are in already.
DOORS = {
    *("/admin/", "/admin/login/", "/account/login/", "/account/reauthenticate/"),
    *("/account/mfa/reauthenticate/", "/account/mfa/"),
}
# Whose task stands on the stage; others who may see tasks of their queue have none there.
QUEUES = {Role.ADMINISTRATOR, Role.AUDITOR}
OUT = frozenset({Outcome.DOOR, Outcome.REFUSED, Outcome.ABSENT, Outcome.NO_SUCH_VERB})
_BY_STATUS = {
    401: Outcome.DOOR,
    403: Outcome.REFUSED,
    404: Outcome.ABSENT,
    405: Outcome.NO_SUCH_VERB,
}


def outcome(answer: Any) -> Outcome:
    """Return how a call was met."""
    status = int(answer.status_code)
    if status >= 500:
        return Outcome.BROKE
    if status == 302 and answer["Location"].partition("?")[0] in DOORS:
        return Outcome.DOOR
    return _BY_STATUS.get(status, Outcome.IN)


def expected(  # noqa: PLR0911 - one line for each kind of rule
    route: Route, rule: Rule, caller: Caller, about: About
) -> frozenset[Outcome]:
    """Return how `caller` may be met."""
    if rule.who is Who.ANYBODY:
        # Who is signed in and has no place on the desk is told so at its door.
        if route.address == "/admin/login/" and caller.signed_in and not caller.on_the_desk:
            return frozenset({Outcome.REFUSED})
        # Whoever is signed in already is led home from the sign-in page.
        return frozenset({Outcome.ABSENT} if about is About.MISSING else {Outcome.IN, Outcome.DOOR})
    if rule.who is Who.SELF:
        return _oneself(caller, about)
    if rule.who is Who.TOKENS:
        return frozenset({_at_the_api(rule, caller, about)})
    if route.address.startswith("/admin/") and not caller.on_the_desk:
        return frozenset({Outcome.DOOR})
    if rule.who is Who.NOBODY:
        return frozenset({Outcome.REFUSED, Outcome.ABSENT})
    if rule.who is Who.STAFF:
        return frozenset({Outcome.IN})
    return _on_the_desk(rule, caller, about)


def _oneself(caller: Caller, about: About) -> frozenset[Outcome]:
    if not caller.signed_in:
        return frozenset({Outcome.DOOR})
    # A way in that one has not set up is not there, and asks for nothing.
    mine = {Outcome.IN, Outcome.DOOR, Outcome.ABSENT, Outcome.REFUSED}
    return frozenset(mine if about is About.OWN else {Outcome.ABSENT, Outcome.DOOR})


def _at_the_api(rule: Rule, caller: Caller, about: About) -> Outcome:
    if not caller.token_lives:
        return Outcome.DOOR
    # Whose agency was cut off is told so everywhere, whatever the token says.
    if caller.cut_off or rule.scope not in caller.scopes or not holds(rule, caller.permissions):
        return Outcome.REFUSED
    if rule.records is Records.OF_AGENCY and caller.agency is None:
        return Outcome.REFUSED
    return Outcome.IN if about is About.OWN else Outcome.ABSENT


def _on_the_desk(rule: Rule, caller: Caller, about: About) -> frozenset[Outcome]:
    out = frozenset({Outcome.REFUSED, Outcome.ABSENT})
    let_in = holds(rule, caller.permissions)
    if rule.records is Records.NONE:
        return frozenset({Outcome.IN}) if let_in else out
    own = about is About.OWN and (rule.records is not Records.OF_QUEUE or caller.role in QUEUES)
    there = own or (about is About.FOREIGN and not hidden(rule.records, caller))
    if let_in:
        return frozenset({Outcome.IN if there else Outcome.ABSENT})
    # Who sees a record and may not do this is told so; of any other, nothing is said.
    return frozenset({Outcome.REFUSED}) if there and rule.sees in caller.permissions else out


def hidden(records: Records, caller: Caller) -> bool:
    """Tell whether somebody else's record is as if missing for the caller."""
    if records is Records.OF_CASES_SEEN:
        return "cases.view_case" in caller.permissions
    return records in {Records.OF_CASES, Records.OF_AGENCY, Records.OF_QUEUE, Records.OWN}
