"""The named accounts: as the process names them, which account that is, and what counsel has to clear."""

from collections.abc import Iterable, Sequence

from django.db import transaction

from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.core.errors import InvalidInput, Refused, raise_all
from coordination.core.sealing import blind_index
from coordination.core.telephones import e164
from coordination.datarequests.models import DataRequest, NamedAccount
from coordination.datarequests.services import calling
from coordination.datarequests.services.records import lock_account, permitted, required, trace
from coordination.datarequests.workflow import IdentifierKind, Protected


def index_of(kind: str, value: str) -> bytes:
    """Return by what an identifier is found again in other requests."""
    return blind_index(f"named:{kind}", value)


def name(request: DataRequest, accounts: Iterable[tuple[str, str]]) -> None:
    """Insert the accounts that the process names; one that is named already is left as it is.

    Raises InvalidInput naming each that names no account: kinds that are not on the list, an address without
    a mailbox, a number without its country code.
    """
    found, wrong = [], []
    for place, (kind, value) in enumerate(accounts):
        try:
            found.append((_kind(place, kind), _value(place, kind, value)))
        except InvalidInput as error:
            wrong.append(error)
    raise_all(wrong)
    for kind, value in dict.fromkeys(found):
        index = index_of(kind, value)
        if not NamedAccount.objects.filter(request=request, index=index).exists():
            NamedAccount.objects.create(request=request, kind=kind, value=value, index=index)


@transaction.atomic
def offer_candidates(account: NamedAccount, *, by: User, candidates: Sequence[str]) -> NamedAccount:
    """Record which of our accounts an identifier leads to. One is taken; of several a person chooses.

    An identifier with its own account (a user id) leads to one or to none. Raises InvalidInput without any.
    """
    request = permitted(account.request, by=by, permission="collect_datarequest")
    locked = lock_account(account)
    wanted = list(dict.fromkeys(required("candidates", each, longest=200) for each in candidates))
    if not wanted:
        raise InvalidInput("candidates", "Nothing was found: close it as no data, or ask the requester.")
    _require_open(locked)
    locked.candidates = wanted
    locked.save(update_fields=["candidates"])
    trace(
        request,
        "candidates_found",
        "what an identifier leads to was looked up",
        by=by,
        details={"account_id": locked.pk, "candidate_count": len(wanted)},
    )
    if len(wanted) == 1:
        return _take(request, locked, wanted[0], by=by, because="The only account that it leads to.")
    calling.ask(
        request,
        calling.CHOOSE,
        "Choose the named account of",
        words=f"An identifier leads to {len(wanted)} accounts. The process names one: say which, and why. "
        "Where that cannot be known, ask the requester. Nothing of any of them is collected until then.",
        about=f"{request.origin}@{locked.pk}",
    )
    return locked


@transaction.atomic
def choose_account(account: NamedAccount, *, by: User, choice: str, because: str) -> NamedAccount:
    """Say which of several accounts the process names. Raises InvalidInput for one that was not found."""
    request = permitted(account.request, by=by, permission="collect_datarequest")
    locked = lock_account(account)
    _require_open(locked)
    if choice not in locked.candidates:
        raise InvalidInput("choice", "One of the accounts that the identifier leads to.")
    why = required("because", because, "Say by what you know it.", longest=2_000)
    return _take(request, locked, choice, by=by, because=why)


@transaction.atomic
def protect_account(account: NamedAccount, *, by: User, protected: str) -> NamedAccount:
    """Mark an account as privileged, a journalist's or medical: nothing moves before counsel clears it."""
    request = permitted(account.request, by=by, permission="docket_datarequest")
    locked = lock_account(account)
    if protected not in [*Protected]:
        raise InvalidInput("protected", f"One of {', '.join(Protected)}.")
    locked.protected, locked.cleared_by = protected, None
    locked.save(update_fields=["protected", "cleared_by"])
    calling.ask(
        request,
        calling.CLEAR,
        "Look at a protected account of",
        words="A named account is privileged, a journalist's or medical. Until you clear it nothing of it is "
        "accepted, collected or signed, in an emergency neither.",
    )
    trace(
        request,
        "account_protected",
        "a named account waits for counsel",
        by=by,
        details={"account_id": locked.pk},
    )
    return locked


@transaction.atomic
def clear_account(account: NamedAccount, *, by: User, because: str) -> NamedAccount:
    """Clear a protected account for collection: counsel, by name and with the reason."""
    request = permitted(account.request, by=by, permission="clear_account")
    locked = lock_account(account)
    if not locked.is_held:
        raise Refused("This account waits for nobody.", rule="datarequests.protected")
    locked.cleared_by = by
    locked.cleared_because = required("because", because, "Say why it may be collected.", longest=2_000)
    locked.save(update_fields=["cleared_by", "cleared_because"])
    if not held(request):
        calling.done(request, calling.CLEAR, by=by, outcome="Cleared by counsel.")
    trace(
        request,
        "account_cleared",
        "counsel cleared a protected account",
        by=by,
        detail=locked.cleared_because,
        details={"account_id": locked.pk},
    )
    return locked


def standing_accounts(request: DataRequest) -> list[NamedAccount]:
    """Return the named accounts that were not struck."""
    return list(NamedAccount.objects.filter(request=request, struck_at=None))


def held(request: DataRequest) -> list[NamedAccount]:
    """Return the accounts that wait for counsel."""
    return [each for each in standing_accounts(request) if each.is_held]


def require_cleared(request: DataRequest) -> None:
    """Raise Refused while an account of the request waits for counsel: there is no way round it."""
    if held(request):
        raise Refused(
            "A named account is privileged, a journalist's or medical, and counsel has not cleared it.",
            rule="datarequests.protected",
        )


def _take(request: DataRequest, locked: NamedAccount, choice: str, *, by: User, because: str) -> NamedAccount:
    locked.account, locked.account_index = choice, case_selectors.account_index(choice)
    locked.resolved_by, locked.resolved_at, locked.resolved_because = by, clock.now(), because
    locked.save(update_fields=["account", "account_index", "resolved_by", "resolved_at", "resolved_because"])
    cases.end_tasks(about=f"{request.origin}@{locked.pk}", kind=calling.CHOOSE, outcome="Chosen.", by=by)
    trace(
        request,
        "account_resolved",
        "it is known which account is named",
        by=by,
        detail=because,
        details={"account_id": locked.pk},
    )
    return locked


def _require_open(account: NamedAccount) -> None:
    if account.struck_at is not None or account.items.exists():
        raise Refused("It was struck, or something of it was collected.", rule="datarequests.account")


def _kind(place: int, kind: str) -> str:
    if kind not in [*IdentifierKind]:
        raise InvalidInput(
            f"accounts.{place}.kind",
            f"An account is named by one of {', '.join(IdentifierKind)}: not by a display name, a date of "
            "birth or a bare network address.",
        )
    return kind


def _value(place: int, kind: str, value: str) -> str:
    field = f"accounts.{place}.value"
    text = required(field, value, longest=200)
    if kind == IdentifierKind.EMAIL and not all(text.partition("@")):
        raise InvalidInput(field, "A whole e-mail address.")
    if kind == IdentifierKind.PHONE:
        number = e164(text)
        if not number:
            raise InvalidInput(field, "A telephone number with its country code, as in +1 970 555 0112.")
        return number
    return text
