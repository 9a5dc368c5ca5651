"""Who may decide: another person than the first tier; after a dissent, somebody outside the first decision.

The database holds to the same (migration 0003_two_people): a shell of the application cannot do otherwise.
"""

from coordination.access.services import User
from coordination.core.errors import Refused
from coordination.triage import selectors
from coordination.triage.models import Assessment, Flag

TWO_PEOPLE = "triage.two-people"
OUTSIDE = "triage.outside-the-first-decision"


def require_outside(flag: Flag, by: User) -> None:
    """Raise Refused where a dissent stands and `by` had a part in what is reviewed."""
    if selectors.standing_dissent(flag) is not None and by.pk in selectors.had_a_part(flag):
        raise Refused(
            "Somebody dissented: who assessed, decided or dissented does not decide the re-review.",
            rule=OUTSIDE,
        )


def require_assessed(flag: Flag, by: User) -> Assessment:
    """Return the assessment by another person that a decision rests on, or raise Refused."""
    found = selectors.assessed_by_another(flag, by)
    if found is not None:
        return found
    if selectors.assessments_of(flag).exists():
        raise Refused("You assessed this flag: another person decides.", rule=TWO_PEOPLE)
    raise Refused("Nobody has assessed this flag: the first tier does, then you decide.", rule=TWO_PEOPLE)
