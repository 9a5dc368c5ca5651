"""Whether a subject has a link to the European Union: data where the platform sees it, else a person says so.

The statement of reasons hangs on it (Regulation (EU) 2022/2065 Art. 2(1), 17). Nothing is guessed: what a
user claims or somebody inferred asks a person, and so does silence.
"""

import re
from collections.abc import Iterable
from typing import Final

from django.db import transaction

from coordination.access.services import Role, User
from coordination.cases import services as cases
from coordination.cases.services import NewTask
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput
from coordination.ledger import services as ledger
from coordination.restrictions import selectors
from coordination.restrictions.models import Restriction
from coordination.restrictions.services import statements
from coordination.restrictions.services.words import one_at_a_time, permitted, said
from coordination.restrictions.workflow import STANDING

TASK: Final = "say_eu_link"
SAY: Final = "restrictions.impose_restriction"
AT_ONCE: Final = 500
OBSERVED: Final = "observed"
# The Member States (Treaty on European Union Art. 52), by ISO 3166-1; the Union's own offices write EL.
_MEMBERS: Final = "AT BE BG CY CZ DE DK EE EL ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
MEMBERS: Final = frozenset(_MEMBERS.split())
CODE: Final = re.compile(r"[A-Z]{2}")
_HOW: Final = (
    "The account was restricted by itself, and nothing that we saw says where its user is. With a link to the"
    " European Union they are owed a statement of reasons the same day. Say on the page of the restriction"
    " whether there is one, and how you know. Without an answer nothing is sent."
)


def link_of(countries: Iterable[tuple[str, str]]) -> bool | None:
    """Return whether an account has a link to the Union by its countries; None where that is not known.

    `countries` are codes with their provenance. One observed Member State is a link; observed countries alone
    that are none say that there is no link. What is not a code says nothing.
    """
    told = [(code.strip().upper(), provenance) for code, provenance in countries]
    seen = {code for code, provenance in told if provenance == OBSERVED and CODE.fullmatch(code)}
    if seen & MEMBERS:
        return True
    # A claim of a Member State beside an observed country that is none is for a person to look at.
    return False if seen and not any(code in MEMBERS for code, _ in told) else None


@transaction.atomic
def say_link(
    restriction: Restriction,
    *,
    by: User,
    linked: bool,
    reason: str,
    notice: statements.Notice | None = None,
) -> Restriction:
    """Record whether the subject has a link to the Union, and with one have its user told why.

    Raises InvalidInput naming `reason` or, for a link without a notice, `facts`, and Conflict where a link is
    on record, or the restriction does not stand.
    """
    permitted(restriction.case, by, SAY)
    words = said("reason", reason)
    if linked and notice is None:
        raise InvalidInput("facts", "With a link, say what the user is told.")
    one_at_a_time([restriction.account])
    locked = Restriction.objects.select_for_update(of=("self",)).select_related("case").get(pk=restriction.pk)
    if locked.eu_link:
        raise Conflict("A link is on record, and a statement of reasons was made.")
    if locked.state not in STANDING:
        raise Conflict("This restriction does not stand any more.")
    locked.eu_link = linked
    locked.save(update_fields=["eu_link"])
    ledger.record(
        "restrictions.eu_link_said",
        subject=locked.case.reference,
        by=by,
        details={"restriction": locked.pk, "linked": linked, "reason_digest": ledger.digest(words)},
    )
    title = "a link" if linked else "no link"
    cases.add_event(
        locked.case,
        kind="restrictions.eu_link_said",
        title=f"The subject has {title} to the European Union",
        by=by,
        detail=words,
        about=locked.origin,
    )
    cases.end_tasks(about=locked.origin, kind=TASK, outcome=f"Said: {title}.", by=by)
    if notice is not None and linked:
        statements.make_late(locked, statements.checked(notice))
    restriction.refresh_from_db(fields=["eu_link"])
    return locked


@transaction.atomic
def ask_about_links() -> int:
    """Ask people about the links of accounts that were restricted by themselves; return how many were asked.

    For a periodic job: intake does not wait for it. Only where the law that asks for statements is in force.
    """
    if not statements.in_force():
        return 0
    found = list(selectors.link_unknown().select_for_update(of=("self",), skip_locked=True)[:AT_ONCE])
    cases.open_tasks(
        [
            NewTask(
                case=each.case,
                kind=TASK,
                title="Say whether the subject has a link to the European Union",
                instructions=_HOW,
                role=Role.SAFETY_LIAISON,
                about=each.origin,
            )
            for each in found
        ],
        by=None,
    )
    Restriction.objects.filter(pk__in=[each.pk for each in found]).update(link_asked_at=clock.now())
    return len(found)
