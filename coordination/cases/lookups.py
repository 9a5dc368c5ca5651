"""Looking across all cases, whoever may see them: for the system's own matching, never for a page."""

from collections.abc import Collection

from coordination.cases.models import Case, CaseCompartment, Identifier


def known_by(alikes: Collection[bytes]) -> list[Identifier]:
    """Return the identifiers of cases that are alike one of these; their values stay sealed."""
    rows = Identifier.objects.filter(alike__in=alikes, retired_at=None)
    return list(rows.only("case_id", "kind", "index", "alike", "strong", "added_at").order_by("pk"))


def cases_by_number(numbers: Collection[int]) -> dict[int, Case]:
    """Return cases by number."""
    return Case.objects.select_related("owner").in_bulk(list(numbers))


def hidden_among(numbers: Collection[int]) -> set[int]:
    """Return which of these cases are under a compartment."""
    rows = CaseCompartment.objects.filter(case__in=numbers, lifted_at=None)
    return set(rows.values_list("case_id", flat=True))
