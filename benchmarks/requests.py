"""Data requests in numbers: `python -m benchmarks.requests [--quick] [--json]`.

In one run, on one machine, in a database of its own that is dropped after: requests filed one after the other
through the service, what a thousandth part costs at the end against the beginning (the median of five blocks
each); the first page of an agency's list in database time, against a plain filter by an indexed foreign key
for the same page; and the list over the API, beside a ModelSerializer with page numbers over the same rows.
"""

import os
import statistics
import time
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import bus_data, report

TARGETS: dict[str, report.Target] = {
    "last_to_first": ("<=", 1.3),
    "page_to_plain": ("<=", 2.0),
    "list_to_model_serializer": (">=", 3.5),
}
PAGE = 50
# What a row needs, in SQL; one in twenty is of the agency that is asked about. Sealed columns open nowhere.
_COLUMNS = {
    **dict.fromkeys(("requester", "court", "signed_by", "offence", "nexus", "extended_because"), "''::bytea"),
    **dict.fromkeys(("how_verified", "decision_reason", "silent_because"), "''::bytea"),
    **dict.fromkeys(("emergency_kind", "authority", "addressed_to", "scan_sha256"), "''"),
    **dict.fromkeys(("rejection", "closure"), "''"),
    **dict.fromkeys(("non_disclosure", "is_sealed"), "false"),
    "case_id": "%(case)s",
    "filed_by_id": "%(by)s",
    "agency_id": "CASE WHEN n %% 20 = 0 THEN %(agency)s ELSE %(other)s END",
    "reference": "'B-' || n",
    "state": "'received'",
    "priority": "'normal'",
    "process": "'search_warrant'",
    "way": "'api'",
    "zone": "'UTC'",
    "categories": "'{}'",
    "filed_at": "now() - n * interval '1 minute'",
}
_ROWS = (
    f"INSERT INTO datarequests_datarequest ({', '.join(_COLUMNS)})"
    f" SELECT {', '.join(_COLUMNS.values())} FROM generate_series(1, %(number)s) n"
)


def main() -> None:
    """Measure and print."""
    options = report.options(__doc__, quick="500 requests filed, 20,000 there before")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")
    import django

    django.setup()
    with bus_data.database():
        figures, ratios = Bench(quick=options.quick, say=not options.json).run()
    report.show("requests", figures=figures, ratios=ratios, targets=TARGETS, as_json=options.json)


class Bench:
    """One run of everything."""

    def __init__(self, *, quick: bool, say: bool) -> None:
        self.say = say
        self.filed = 500 if quick else 10_000
        self.before = 20_000 if quick else 1_000_000
        self.rounds = 20 if quick else 100

    def run(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the figures, and what the targets are about."""
        self._prepare()
        figures: dict[str, float] = {}
        ratios: dict[str, float] = {}
        self._file(figures, ratios)
        self._fill()
        self._pages(figures, ratios)
        self._lists(figures, ratios)
        return figures, ratios

    def _prepare(self) -> None:
        from django.conf import settings

        from coordination.access import services as access
        from coordination.access.roles import Role
        from coordination.partners import selectors, services
        from coordination.policy import services as policy

        policy.load(Path(settings.BASE_DIR) / "fixtures" / "policy")
        self.liaison = access.create_person("benchmark", by=None, roles=[Role.SAFETY_LIAISON.value])
        user = access.create_person("officer", by=None, roles=[Role.OFFICER.value])
        self.agency, self.other = (_agency(name) for name in ("CO0000001", "CO0000002"))
        officer = services.register_officer(self.agency, by=None, user=user, name="Reyes", rank="Sergeant")
        services.verify_officer(officer, by=None, how_verified="Benchmark")
        self.officer = selectors.officer_of(user)

    def _file(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        """File one by one, and compare what a request costs in the first tenth and in the last."""
        from coordination.datarequests import services

        spent = []
        for number in range(self.filed):
            began = time.perf_counter()
            self.last = services.file(
                by=self.liaison,
                process="search_warrant",
                agency=self.agency,
                officer=self.officer,
                requester="Reyes",
                way="portal",
                zone="UTC",
                accounts=[("user_id", f"u-{number}")],
                categories=["subscriber", "content"],
                range_from=date(2026, 5, 1),
                range_until=date(2026, 5, 7),
            )
            spent.append(time.perf_counter() - began)
        tenth = self.filed // 10
        first, last = _typical(spent[:tenth]), _typical(spent[-tenth:])
        figures["filed_per_s"] = self.filed / sum(spent)
        ratios["last_to_first"] = last / first
        self._tell(f"{self.filed:,} requests filed, {figures['filed_per_s']:.0f}/s")

    def _fill(self) -> None:
        from django.db import connections

        with connections["owner"].cursor() as cursor:
            cursor.execute(
                _ROWS,
                {
                    "case": self.last.case_id,
                    "agency": self.agency.pk,
                    "other": self.other.pk,
                    "by": self.liaison.pk,
                    "number": self.before,
                },
            )
            cursor.execute("VACUUM ANALYZE datarequests_datarequest")
        self._tell(f"{self.before:,} requests are there")

    def _pages(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        """Measure the page as the partner role sees it, and a plain filter of the same columns."""
        from coordination.core import wall
        from coordination.datarequests import outside
        from coordination.datarequests.models import DataRequest

        ours = outside.for_agency(self.agency.pk).values(*outside.ROW).order_by("-filed_at", "-pk")
        plain = DataRequest.objects.filter(agency=self.agency.pk).values(*outside.ROW).order_by("-pk")
        walled, bare = [], []
        for _ in range(self.rounds):
            with wall.behind(self.agency.pk):
                walled.append(_database_ms(ours[: PAGE + 1]))
            bare.append(_database_ms(plain[: PAGE + 1]))
        figures["page_ms"], figures["plain_ms"] = statistics.median(walled), statistics.median(bare)
        ratios["page_to_plain"] = figures["page_ms"] / figures["plain_ms"]
        self._tell(f"a page takes {figures['page_ms']:.2f} ms of database time")

    def _lists(self, figures: dict[str, float], ratios: dict[str, float]) -> None:
        """Ask for the page in turn with what a first version of it would be, both without the doors."""
        from rest_framework.test import APIRequestFactory

        ours, naive = _ours(self.agency.pk), _naive(self.agency.pk)
        spent: dict[str, list[float]] = {"list_ms": [], "model_serializer_ms": []}
        for _ in range(self.rounds):
            for name, view in (("list_ms", ours), ("model_serializer_ms", naive)):
                began = time.perf_counter()
                answer = view(APIRequestFactory().get("/", headers={"host": "localhost"})).render()
                spent[name].append(time.perf_counter() - began)
                if answer.status_code != 200 or len(answer.data["results"]) != PAGE:
                    raise SystemExit(f"{name}: the list answers {answer.status_code}")
        for name, times in spent.items():
            figures[name] = statistics.median(times) * 1000
        ratios["list_to_model_serializer"] = figures["model_serializer_ms"] / figures["list_ms"]

    def _tell(self, line: str) -> None:
        if self.say:
            report.tell(line)


def _agency(identifier: str) -> Any:
    from coordination.partners import services

    agency = services.register_agency(
        by=None,
        name="Benchmark County Sheriff",
        identifier=identifier,
        kind="police",
        recipient_class="us_government",
        country="US",
        time_zone="America/Denver",
        domain=f"{identifier.lower()}.example",
        phone="+1 970 555 0112",
    )
    return services.verify_agency(agency, by=None, how_verified="Benchmark")


def _ours(agency: int) -> Any:
    """Return our list without its doors: the same rows, paging, words and JSON."""
    from rest_framework import generics
    from rest_framework.request import Request
    from rest_framework.response import Response

    from coordination.datarequests import outside
    from coordination.datarequests.api import Requests

    class Ours(generics.GenericAPIView[Any]):
        queryset = outside.for_agency(agency).values(*outside.ROW)
        pagination_class = Requests.pagination_class
        renderer_classes = Requests.renderer_classes
        page_ordering = Requests.page_ordering
        authentication_classes: tuple[Any, ...] = ()
        permission_classes: tuple[Any, ...] = ()

        def get(self, request: Request) -> Response:  # noqa: ARG002
            page = self.paginate_queryset(self.get_queryset())
            return self.get_paginated_response([outside.shown(row) for row in page or ()])

    return Ours.as_view()


def _naive(agency: int) -> Any:
    """Return a list of the same columns by REST framework's own serializer and page numbers."""
    from rest_framework import generics, pagination, renderers, serializers

    from coordination.datarequests import outside
    from coordination.datarequests.models import DataRequest

    class Row(serializers.ModelSerializer[Any]):
        class Meta:
            model = DataRequest
            fields = outside.ROW

    class Numbered(pagination.PageNumberPagination):
        page_size = PAGE

    class Naive(generics.ListAPIView[Any]):
        queryset = DataRequest.objects.filter(agency=agency).only(*outside.ROW).order_by("-filed_at")
        serializer_class = Row
        pagination_class = Numbered
        renderer_classes = (renderers.JSONRenderer,)
        authentication_classes: tuple[Any, ...] = ()
        permission_classes: tuple[Any, ...] = ()

    return Naive.as_view()


def _typical(times: list[float]) -> float:
    """Return the median of five blocks' sums."""
    size = max(len(times) // 5, 1)
    return statistics.median(sum(times[first : first + size]) for first in range(0, size * 5, size))


def _database_ms(rows: Any) -> float:
    """Return what planning and executing takes, without the way to the client."""
    import json

    (plan,) = json.loads(rows.explain(format="json", analyze=True))
    return float(plan["Planning Time"]) + float(plan["Execution Time"])


if __name__ == "__main__":
    main()
