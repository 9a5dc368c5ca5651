"""Changing the triage criteria on the desk: one person proposes, another decides, and a version comes of it.

A change goes on from the newest version, so that nothing that was approved is lost on the way; what was
returned is proposed anew. The ledger has the digest of what was proposed and of what was approved.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Conflict, InvalidInput, Refused, raise_all
from coordination.ledger import services as ledger
from coordination.policy import selectors, signals
from coordination.policy.contents import content_of, digest, said
from coordination.policy.criteria import CRITERIA, wrong_within
from coordination.policy.fields import REQUIRED, Values, coded, read_row
from coordination.policy.models import CriteriaProposal, CriteriaVersion, Pack
from coordination.policy.workflow import PROPOSAL, ProposalState, ProposalVerb

PROPOSE, APPROVE = "policy.propose_criteria", "policy.approve_criteria"
_LONGEST_REASON = 2_000
_LONGEST_CITATION = 300
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@transaction.atomic
def propose_criteria(
    *,
    by: User,
    version: str,
    effective_on: date,
    high_severity_categories: Iterable[str],
    sections: Iterable[Mapping[str, Any]],
    rules: Iterable[Mapping[str, Any]],
    citation: str,
    reason: str,
) -> CriteriaProposal:
    """Put a change of the criteria before those who decide, as a copy of the newest version with what is new.

    `sections` and `rules` are as a pack file has them (policy/criteria.py). Raises InvalidInput naming each
    field that is wrong: a rule outside the vocabulary, a version that exists, a day that is past.
    """
    access.require(by, PROPOSE)
    base = selectors.newest_criteria()
    severe = [*high_severity_categories]
    given = {"sections": [*sections], "rules": [*rules], "high_severity_categories": severe}
    content, found = _checked(given)
    found += _names(version, citation, reason, effective_on, base)
    if not found and said(content) == said(content_of(base)):
        found.append(InvalidInput("reason", f"This says what {base.version} says: nothing is changed."))
    raise_all(found)
    proposal = CriteriaProposal.objects.create(
        version=version.strip(),
        base=base,
        citation=citation.strip(),
        effective_on=effective_on,
        digest=digest(content),
        reason=reason.strip(),
        proposed_by=by,
        proposed_at=clock.now(),
        **content,
    )
    details = {"version": proposal.version, "digest": proposal.digest, "from": base.label}
    _record("policy.criteria_proposed", proposal, by, {**details, "on": effective_on.isoformat()})
    signals.criteria_proposed.send(sender=CriteriaProposal, proposal=proposal)
    return proposal


@transaction.atomic
def approve_criteria(proposal: CriteriaProposal, *, by: User, digest: str) -> CriteriaVersion:
    """Make a version of what another person proposed; it is in force from its day, and ends the one before.

    `digest` is of what was read. Raises Refused for who proposed it, or where its day is past, and Conflict
    where it is not what was read, or where a newer version came since.
    """
    locked = _decided_by_another(proposal, by)
    pack = Pack.objects.select_for_update().get(pk=locked.base.pack_id)
    after = PROPOSAL.after(locked.state, ProposalVerb.APPROVE)
    if not access.has(locked.proposed_by, PROPOSE):
        raise Refused("Who proposed it may not propose any more.", rule="policy.two-people")
    if digest != locked.digest or _digest_of(locked) != locked.digest:
        raise Conflict("It is not what you read: open it again and look before you decide.")
    if selectors.newest_criteria() != locked.base:
        raise Conflict(
            f"A newer version than {locked.base.version} came since: return it, to be proposed anew."
        )
    begins = _begins(locked, pack)
    made = CriteriaVersion.objects.create(
        pack=pack,
        proposal=_end(locked, after, by=by),
        code=locked.base.code,
        version=locked.version,
        citation=locked.citation,
        effective_from=begins,
        **content_of(locked),
    )
    details = {"version": made.version, "digest": locked.digest, "from": ledger.timestamp(begins)}
    _record("policy.criteria_approved", locked, by, details)
    signals.criteria_decided.send(sender=CriteriaProposal, proposal=locked, by=by)
    return made


def return_criteria(proposal: CriteriaProposal, *, by: User, reason: str) -> CriteriaProposal:
    """Give it back to who proposed it, with what has to be otherwise."""
    return _turn_down(proposal, ProposalVerb.RETURN, by=by, reason=reason)


def decline_criteria(proposal: CriteriaProposal, *, by: User, reason: str) -> CriteriaProposal:
    """Say no, with the reason."""
    return _turn_down(proposal, ProposalVerb.DECLINE, by=by, reason=reason)


@transaction.atomic
def withdraw_criteria(proposal: CriteriaProposal, *, by: User) -> CriteriaProposal:
    """Take one's own proposal back."""
    access.require(by, PROPOSE)
    locked = _locked(proposal)
    if by.pk != locked.proposed_by_id:
        raise Refused(
            "Who proposed it takes it back; others return or decline it.", rule="policy.own-proposal"
        )
    _end(locked, PROPOSAL.after(locked.state, ProposalVerb.WITHDRAW), by=by)
    _record("policy.criteria_withdrawn", locked, by, {"version": locked.version})
    signals.criteria_decided.send(sender=CriteriaProposal, proposal=locked, by=by)
    return locked


@transaction.atomic
def _turn_down(proposal: CriteriaProposal, verb: ProposalVerb, *, by: User, reason: str) -> CriteriaProposal:
    locked = _decided_by_another(proposal, by)
    after = PROPOSAL.after(locked.state, verb)
    raise_all(_text("reason", reason, _LONGEST_REASON))
    _end(locked, after, by=by, reason=reason.strip())
    details = {"version": locked.version, "reason_digest": ledger.digest(locked.decision_reason)}
    _record(f"policy.criteria_{after.value}", locked, by, details)
    signals.criteria_decided.send(sender=CriteriaProposal, proposal=locked, by=by)
    return locked


def _decided_by_another(proposal: CriteriaProposal, by: User) -> CriteriaProposal:
    access.require(by, APPROVE)
    locked = _locked(proposal)
    if by.pk == locked.proposed_by_id:
        raise Refused("Another person decides than who proposed it.", rule="separation-of-duties")
    return locked


def _locked(proposal: CriteriaProposal) -> CriteriaProposal:
    rows = CriteriaProposal.objects.select_for_update(of=("self",)).select_related(
        "base__pack", "proposed_by"
    )
    return rows.get(pk=proposal.pk)


def _end(locked: CriteriaProposal, after: ProposalState, *, by: User, reason: str = "") -> CriteriaProposal:
    locked.state, locked.decided_by, locked.decided_at = after, by, clock.now()
    locked.decision_reason = reason
    locked.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    return locked


def _begins(locked: CriteriaProposal, pack: Pack) -> datetime:
    """Return when it comes into force: at the start of its day, or now where that has begun."""
    midnight = datetime.combine(locked.effective_on, time(), ZoneInfo(pack.time_zone)).astimezone(UTC)
    now = clock.now()
    if locked.effective_on < now.astimezone(ZoneInfo(pack.time_zone)).date():
        raise Refused(
            "Its day is past, and no version begins in the past: return it, to be proposed for a later day.",
            rule="policy.no-rewriting",
        )
    begins = max(midnight, now)
    if begins <= locked.base.effective_from:
        raise Refused(
            f"It would begin before {locked.base.version}, which it goes on from: return it.",
            rule="policy.no-rewriting",
        )
    return begins


def _checked(given: Values) -> tuple[Values, list[InvalidInput]]:
    """Return what a version says, checked as a pack file is, and what is wrong with it."""
    # A file may do without rules, as those before 2026.3 did; what is made today can be replayed.
    fields = {name: (check, REQUIRED) for name, (check, _) in CRITERIA.items() if name != "version"}
    values, wrong = read_row(fields, given)
    wrong += wrong_within(values) if not wrong else []
    if wrong:
        return {}, [InvalidInput(field, f"{message[:1].upper()}{message[1:]}.") for field, message in wrong]
    for name in ("sections", "rules"):
        values[name] = [coded(each) for each in values[name]]
    return values, []


def _names(
    version: str, citation: str, reason: str, effective_on: date, base: CriteriaVersion
) -> list[InvalidInput]:
    found = [*_text("citation", citation, _LONGEST_CITATION), *_text("reason", reason, _LONGEST_REASON)]
    name = version.strip()
    waits = CriteriaProposal.objects.filter(version=name, state=ProposalState.PROPOSED)
    if not _VERSION.fullmatch(name):
        found.append(InvalidInput("version", "Letters, figures, dot, dash and underscore, such as v3."))
    elif CriteriaVersion.objects.filter(version=name).exists() or waits.exists():
        found.append(InvalidInput("version", f"There is a {name} already."))
    earliest = _earliest(base)
    if effective_on < earliest:
        found.append(InvalidInput("effective_on", f"A day that is not past: {earliest} or later."))
    return found


def _earliest(base: CriteriaVersion) -> date:
    """Return the first day on which a version that goes on from `base` can begin."""
    local, now = ZoneInfo(base.pack.time_zone), clock.now()
    today = now.astimezone(local).date()
    begun = base.effective_from <= now
    return today if begun else base.effective_from.astimezone(local).date() + timedelta(days=1)


def _text(field: str, value: str, longest: int) -> list[InvalidInput]:
    if not value.strip():
        return [InvalidInput(field, "This is needed: others decide by it.")]
    if len(value) > longest:
        return [InvalidInput(field, f"At most {longest} characters.")]
    return []


def _digest_of(proposal: CriteriaProposal) -> str:
    return digest(content_of(proposal))


def _record(action: str, proposal: CriteriaProposal, by: User, details: Mapping[str, ledger.Value]) -> None:
    ledger.record(action, subject=proposal.origin, by=by, details=details)
