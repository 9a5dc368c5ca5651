"""People, their roles and tokens: the acts of an administrator, each an entry in the ledger."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from coordination.access.models import DeskSession, Enrolment, RoleChange, User
from coordination.access.roles import Role
from coordination.access.services import proposals, rolechanges, sessions
from coordination.access.services.rights import require
from coordination.access.workflow import ChangeKind
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused
from coordination.ledger import services as ledger

_CHANGE = "access.change_user"


@transaction.atomic
def create_person(
    username: str,
    *,
    by: User | None,
    roles: Iterable[str] = (),
    reason: str = "",
    alias: str = "",
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    password: str | None = None,
) -> User:
    """Create a person; without a password they cannot sign in. `by` is None for set-up only.

    Only set-up gives a password: an administrator who knew one would be two people once the roles came.
    Roles of the desk are proposed for the `reason` given, and in force once another administrator approves.
    """
    if by is not None:
        require(by, _CHANGE)
        if password is not None:
            raise Refused("Everybody chooses their own password.", rule="access.two-administrators")
    if User.objects.filter(username__iexact=username).exists():
        raise InvalidInput("username", "Somebody has this user name.")
    user = User(username=username, alias=alias, first_name=first_name, last_name=last_name, email=email)
    if password is not None:
        _check_password(password, user)
    user.set_password(password)
    user.save()
    ledger.record("access.person_created", subject=_subject(user), by=by)
    rolechanges.set_roles(user, roles, by=by, reason=reason, new=True)
    return user


@transaction.atomic
def change_person(user: User, *, by: User, alias: str | None = None, is_active: bool | None = None) -> User:
    """Change the name shown outside; disable a person, whose tokens then open nothing. `enable` takes two.

    What is None stays as the database has it, whatever the caller last saw.
    """
    require(by, _CHANGE)
    if user.pk == by.pk and is_active is False:
        raise Refused("Nobody disables themselves.", rule="separation-of-duties")
    locked = User.objects.select_for_update().get(pk=user.pk)
    alias = locked.alias if alias is None else alias
    is_active = locked.is_active if is_active is None else is_active
    if is_active and not locked.is_active:
        raise Refused("Enabling takes two: propose it.", rule="access.two-administrators")
    if locked.is_active and not is_active:
        ledger.record("access.person_disabled", subject=_subject(user), by=by)
        sessions.end_all(locked, why="person disabled", by=by)
    if locked.alias != alias:
        ledger.record("access.alias_changed", subject=_subject(user), by=by)
    locked.alias, locked.is_active = alias, is_active
    locked.save(update_fields=["alias", "is_active"])
    return locked


@transaction.atomic
def enable(user: User, *, by: User | None, reason: str = "") -> RoleChange | None:
    """Propose to give back what disabling took; another administrator decides. At once where `by` is None."""
    if user.is_active:
        raise Conflict("This person is not disabled.")
    if by is not None:
        return proposals.propose(user, ChangeKind.ENABLING, by=by, reason=reason)
    _enable(user, by=None, details={"set_up": True})
    return None


@transaction.atomic
def approve_enabling(change: RoleChange, *, by: User) -> RoleChange:
    """Enable whom another administrator proposed. Raises as `proposals.approve` does."""
    approved = proposals.approve(change, ChangeKind.ENABLING, by=by)
    _enable(approved.person, by=by, details={"proposal": approved.pk})
    return approved


@transaction.atomic
def set_password(user: User, *, password: str) -> None:
    """Give `user` a password, for set-up; the ledger notes that, never what. No administrator chooses one."""
    take_password(user, password)
    ledger.record("access.password_set", subject=_subject(user), by=None)
    sessions.end_all(user, why="password changed", by=None)


@transaction.atomic
def change_password(user: User, *, current: str, password: str) -> None:
    """Change one's own password; every session of the person ends, this one too."""
    if not user.check_password(current):
        raise InvalidInput("current", "This is not your password.")
    if current == password:
        raise InvalidInput("password", "This is your password already.")
    take_password(user, password)
    ledger.record("access.password_changed", subject=_subject(user), by=user)
    sessions.end_all(user, why="password changed", by=user)


@transaction.atomic
def disable_unused() -> int:
    """Disable who is on the desk and has not been there for settings.UNUSED_AFTER; return how many.

    The last administrator stays: somebody must be able to enable the others.
    """
    before = clock.now() - settings.UNUSED_AFTER
    staff = User.objects.select_for_update(of=("self",)).filter(is_active=True, is_staff=True)
    unused = staff.filter(Q(last_login__lt=before) | Q(last_login__isnull=True), date_joined__lt=before)
    seen = DeskSession.objects.filter(seen_at__gte=before).values("user")
    given = Enrolment.objects.filter(issued_at__gte=before).values("user")
    found = list(unused.exclude(pk__in=seen).exclude(pk__in=given))
    administrators = User.objects.filter(groups__name=Role.ADMINISTRATOR, is_active=True)
    if not administrators.exclude(pk__in=[each.pk for each in found]).exists():
        last = administrators.order_by("-last_login").first()
        found = [each for each in found if last is None or each.pk != last.pk]
    for user in found:
        user.is_active = False
        user.save(update_fields=["is_active"])
        ledger.record("access.person_disabled", subject=_subject(user), by=None, details={"unused": True})
        sessions.end_all(user, why="account unused", by=None)
    return len(found)


def take_password(user: User, password: str) -> None:
    """Give `user` a password that is good enough, or raise InvalidInput. For the services beside this one."""
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


def _enable(user: User, *, by: User | None, details: dict[str, ledger.Value]) -> None:
    user.is_active = True
    user.save(update_fields=["is_active"])
    ledger.record("access.person_enabled", subject=_subject(user), by=by, details=details)


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput("password", " ".join(error.messages)) from error


def _subject(user: User) -> str:
    return f"user:{user.pk}"
