"""Which case a flag belongs to: the one whose subject it names. What is not certain is asked of a person.

A flag joins by what is equal and vouched for (cases/identities.py): its account, a payment token, a
verified address or number. It never joins by what is only alike, nor where two cases have it: then a person
answers "Is this the same person?", and again where something new speaks against "Keep apart". Cases under a
compartment are never joined, and no answer, task or page outside tells of them; only their members hear of
the flag.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from coordination.access import markup
from coordination.cases import identities, lookups
from coordination.cases.identities import ACCOUNT, Identity
from coordination.cases.services import Case, NewCase
from coordination.core import clock
from coordination.triage.models import Flag, KeptApart
from coordination.triage.workflow import Category


@dataclass(eq=False, kw_only=True)
class Matter:
    """A case that flags belong to: one that there is, or one that is opened for them."""

    case: Case | None = None
    new: NewCase | None = None
    begun: datetime = field(default_factory=clock.now)

    @property
    def standing(self) -> Case:
        """The case, once it is open."""
        if self.case is None:
            raise RuntimeError("The case of a flag is opened before it is used.")
        return self.case


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a flag belongs: its case if it has one, and what a person is asked about.

    `returned` says that its account is new to the case; `others` may be about the same person; `hidden` are
    cases under a compartment.
    """

    flag: Flag
    known: Sequence[Identity]
    home: Matter | None
    returned: bool
    others: Sequence[Matter]
    hidden: Sequence[Case]


@dataclass(frozen=True, kw_only=True)
class _Hit:
    matter: Matter
    index: bytes
    strong: bool
    since: datetime


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """That an account is kept apart from a case: by which indexes it was known then, and when."""

    marks: frozenset[bytes]
    at: datetime


_KNOWN = "_known"
# By the index of an account, by the number of a case.
_Apart = dict[bytes, dict[int, list[_Answer]]]


@dataclass(frozen=True, kw_only=True)
class _Found:
    by_account: list[Matter]
    equal: list[Matter]
    near: list[Matter]
    # Kept apart by a person, who did not know all of what is equal now.
    doubtful: list[Matter]
    # Those under a compartment, by whichever.
    hidden: list[Case]


class Index:
    """By what the subjects of cases are known, as far as some flags can meet it."""

    def __init__(self, wanted: Collection[Identity]) -> None:
        rows = lookups.known_by({alike for each in wanted for alike in each.alikes})
        numbers = {row.case_id for row in rows}
        self._hidden = lookups.hidden_among(numbers)
        self._matters = {
            pk: Matter(case=case, begun=case.opened_at)
            for pk, case in lookups.cases_by_number(numbers).items()
        }
        self._hits: dict[bytes, list[_Hit]] = {}
        for row in rows:
            hit = _Hit(
                matter=self._matters[row.case_id],
                index=bytes(row.index),
                strong=row.strong,
                since=row.added_at,
            )
            self._hits.setdefault(bytes(row.alike), []).append(hit)

    def learn(self, matter: Matter, known: Iterable[Identity]) -> None:
        """Remember what a flag brought to its case, for the flags after it."""
        for each in known:
            hit = _Hit(matter=matter, index=each.index, strong=each.strong, since=clock.now())
            self._hits.setdefault(each.alike, []).append(hit)

    def meet(self, known: Sequence[Identity], apart: _Apart) -> _Found:
        """Return the cases that have these identifiers, the newest first.

        What a person kept apart is doubtful by an identifier that is new since, and not found by others.
        """
        answers: dict[int, list[_Answer]] = {}
        for mark in known[0].indexes:
            for case, of_case in apart.get(mark, {}).items():
                answers.setdefault(case, []).extend(of_case)
        found: dict[str, dict[Matter, None]] = {"by_account": {}, "equal": {}, "near": {}, "doubtful": {}}
        for each in known:
            for hit in (hit for alike in each.alikes for hit in self._hits.get(alike, ())):
                way = _way(each, hit, answers)
                if way:
                    found[way][hit.matter] = None
        hidden = [each for way in found.values() for each in way if self._hides(each)]
        return _Found(
            **{way: self._open(matters) for way, matters in found.items()},
            hidden=[each.standing for each in dict.fromkeys(hidden)],
        )

    def _hides(self, matter: Matter) -> bool:
        return matter.case is not None and matter.case.pk in self._hidden

    def _open(self, matters: Iterable[Matter]) -> list[Matter]:
        return sorted(
            (each for each in matters if not self._hides(each)), key=lambda each: each.begun, reverse=True
        )


def place(flags: Sequence[Flag], *, open_all: bool = False) -> list[Place]:
    """Say where flags belong, one after the other: each sees what those before it brought to their cases.

    One of high severity, or each with `open_all`, that belongs nowhere gets a case of its own.
    """
    known = [known_of(each) for each in flags]
    index = Index([each for of_flag in known for each in of_flag])
    apart = _apart(flags)
    places = []
    for flag, of_flag in zip(flags, known, strict=True):
        placed = _placed(flag, of_flag, index, apart, own=open_all or flag.high_severity)
        if placed.home is not None:
            index.learn(placed.home, of_flag)
        places.append(placed)
    return places


def known_of(flag: Flag) -> list[Identity]:
    """Return by what the subject of a flag is known: the account, and what the sender vouches for.

    Worked out once for a flag in memory: taking it in asks four times.
    """
    kept: list[Identity] | None = vars(flag).get(_KNOWN)
    if kept is None:
        kept = vars(flag)[_KNOWN] = _known(flag)
    return kept


def _known(flag: Flag) -> list[Identity]:
    found = [identities.account_identity(flag.account)]
    for each in flag.identifiers:
        known = identities.identity(
            each["kind"], each["value"], provenance=each["provenance"], verified="verified_at" in each
        )
        if known is not None and all(known.index != other.index for other in found):
            found.append(known)
    return found


def candidates(flag: Flag) -> list[Case]:
    """Return the cases that may be about the same person as a flag, but for its own; newest first.

    Whoever may see them, though none under a compartment: for the system's own work.
    """
    found = _found(flag)
    matters = dict.fromkeys([*found.by_account, *found.equal, *found.doubtful, *found.near])
    return [each.standing for each in matters if each.standing.pk != flag.case_id]


def leads_to_hidden(flag: Flag, case: Case) -> bool:
    """Tell whether a flag may be about the subject of this case, which is under a compartment."""
    return case.pk != flag.case_id and case in _found(flag).hidden


def title_of(flag: Flag) -> str:
    """Return the neutral title of a case that a flag opens."""
    return f"Flag: {markup.words(Category(flag.category))}"


def _found(flag: Flag) -> _Found:
    known = known_of(flag)
    return Index(known).meet(known, _apart([flag]))


def _placed(flag: Flag, known: Sequence[Identity], index: Index, apart: _Apart, *, own: bool) -> Place:
    found = index.meet(known, apart)
    certain = found.by_account or (found.equal if len(found.equal) == 1 else [])
    home = certain[0] if certain else None
    others = [*found.by_account, *found.equal, *found.doubtful]
    if home is None and not others:
        others = found.near
    if home is None and own:
        home = Matter(
            new=NewCase(
                title=title_of(flag),
                priority="P0" if flag.high_severity else "normal",
                accounts=(flag.account,),
            )
        )
    return Place(
        flag=flag,
        known=known,
        home=home,
        returned=bool(certain) and not found.by_account,
        others=list(dict.fromkeys(each for each in others if each is not home)),
        hidden=found.hidden,
    )


def _way(each: Identity, hit: _Hit, answers: dict[int, list[_Answer]]) -> str:
    """Return how an identifier of a flag leads to a case; "" where a person found that it does not."""
    equal = hit.index in each.indexes and hit.strong and each.strong
    kept = answers.get(hit.matter.case.pk, []) if hit.matter.case else []
    if not kept:
        return ("by_account" if each.kind == ACCOUNT else "equal") if equal else "near"
    known = any(hit.since <= one.at and not one.marks.isdisjoint(each.indexes) for one in kept)
    return "doubtful" if equal and not known else ""


def _apart(flags: Sequence[Flag]) -> _Apart:
    """Return from which cases a person kept the accounts of these flags apart."""
    marks = {mark for each in flags for mark in identities.account_identity(each.account).indexes}
    rows = KeptApart.objects.filter(flag__account_index__in=marks)
    found: _Apart = {}
    for mark, known, case, at in rows.values_list("flag__account_index", "flag__marks", "case", "at"):
        answer = _Answer(marks=frozenset(bytes(each) for each in known), at=at)
        found.setdefault(bytes(mark), {}).setdefault(case, []).append(answer)
    return found
