"""Who stands behind a request for data: asked through the selectors of partners."""

from dataclasses import dataclass
from datetime import datetime

from coordination.core import clock
from coordination.partners import domains
from coordination.partners.models import Agency, Officer
from coordination.partners.workflow import Trust


@dataclass(frozen=True, kw_only=True)
class RequesterStanding:
    """Whether somebody may ask for data now, and what speaks against it, in plain words.

    Where `verified`, `reasons` hold what is to be minded (limited trust); where not, why not. `trust` is one
    of `workflow.Trust`; `suspended` is the officer's suspension or their agency's.
    """

    verified: bool
    reasons: tuple[str, ...]
    trust: str
    verified_until: datetime | None
    suspended: bool


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """Whose registered domain a domain resembles, and how: a sign of a forgery, never a match."""

    agency: Agency
    domain: str
    how: domains.How

    @property
    def in_words(self) -> str:
        """Say it for a person."""
        return f"It resembles {self.domain} of {self.agency}: {domains.IN_WORDS[self.how]}."


def standing_for_requests(officer: Officer | None) -> RequesterStanding:
    """Return what stands behind a request for data now; None is a requester whom nobody knows.

    Asked anew at each step and at the last before anything leaves: a verification ends to the second, and a
    suspension holds at once. An agency's own system is no person and is verified for no request.
    """
    if officer is None:
        why = "Nobody whom we verified stands behind it."
        return RequesterStanding(
            verified=False, reasons=(why,), trust=Trust.LIMITED, verified_until=None, suspended=False
        )
    found = Officer.objects.select_related("agency", "user").get(pk=officer.pk)
    against = _against(found)
    limited = "Trust in this officer is limited: call back before anything leaves."
    minded = (limited,) if found.trust == Trust.LIMITED else ()
    return RequesterStanding(
        verified=not against,
        reasons=(*against, *minded),
        trust=found.trust,
        verified_until=found.expires_at,
        suspended=found.suspended_at is not None or found.agency.suspended_at is not None,
    )


def _against(officer: Officer) -> tuple[str, ...]:
    agency, ends = officer.agency, officer.expires_at
    ended = officer.verified_at is not None and ends is not None and ends <= clock.now()
    said = {
        "The officer has left the agency.": officer.left_at is not None,
        "The officer is suspended.": officer.suspended_at is not None,
        "Nobody has verified the officer yet.": officer.verified_at is None,
        f"The officer's verification ended on {ends:%Y-%m-%d}." if ends else "": ended,
        "The officer's access was taken away.": not officer.user.is_active,
        "The agency's own system asked, which is no person.": officer.is_system,
        "The agency is suspended.": agency.suspended_at is not None,
        "Nobody has verified the agency yet.": agency.verified_at is None,
    }
    return tuple(words for words, holds in said.items() if holds)


def match_domain(address_or_domain: str) -> Agency | None:
    """Return the agency whose registered domain this is, letter by letter (case aside); None otherwise.

    Never by a part of the name, for a name under it, or for one that resembles it. None too where two
    agencies share the domain: then a person picks. That a domain matches proves no sender; the agency may be
    unverified or suspended (`is_open`).
    """
    wanted = domains.domain_of(address_or_domain)
    found = list(Agency.objects.filter(domain=wanted)[:2]) if wanted else []
    return found[0] if len(found) == 1 else None


def look_alike(domain: str) -> LookAlike | None:
    """Return the agency whose registered domain this one, or an address in it, resembles, and how.

    None for a registered domain itself and for what stands under one. Source: FBI, Private Industry
    Notification of 4 November 2024.
    """
    given = domains.domain_of(domain)
    registered = Agency.objects.exclude(domain="")
    known = dict(registered.order_by("-pk").values_list("domain", "pk"))
    if not given or any(given == each or given.endswith("." + each) for each in known):
        return None
    for each, pk in sorted(known.items()):
        if how := domains.resemblance(given, each):
            return LookAlike(agency=Agency.objects.get(pk=pk), domain=each, how=how)
    return None
