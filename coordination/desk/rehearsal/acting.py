"""The people of a rehearsal: each request goes the way that it would go on the desk, through the services."""

import io
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from coordination.access import services as access
from coordination.access.roles import Role
from coordination.access.services import User
from coordination.cases import selectors as case_selectors
from coordination.cases import services as cases
from coordination.core import clock
from coordination.datarequests import selectors, services
from coordination.datarequests.services import DataRequest
from coordination.evidence import services as evidence
from coordination.partners import selectors as partner_selectors
from coordination.partners import services as partners
from coordination.partners.services import Agency, Officer
from coordination.policy.workflow import Process

ZONE: Final = "UTC"
EXIGENT: Final = "Exigent circumstances: telling the user could cost a life."
NOT_STATED: Final = "What was published does not state whether the user was told."
_REJECTIONS: Final = ("overbroad", "no_such_account", "no_legal_basis")
_WHY: Final = "As published: nothing was disclosed."
_GROUNDS: Final = {
    **dict.fromkeys(("officer_name", "officer_rank", "officer_badge"), "As published"),
    **dict.fromkeys(("agency_address", "agency_domain", "agency_phone"), "As published"),
    **dict.fromkeys(("person_in_danger", "nature", "since_when", "data_and_why"), "As published"),
    "why_not_process": "As published",
    "is_sworn": True,
}


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One request to file: by whose authority, about whom, and how it ended. `told` is a published word."""

    process: Process
    country: str
    accounts: Sequence[str]
    disclosed: bool
    told: str = ""


class Desk:
    """Who files, calls back, decides, collects, checks and signs; and the officers outside."""

    def __init__(self) -> None:
        # Everybody is there before the first request: who keeps its order is let into its case.
        self._liaison = _person(Role.SAFETY_LIAISON)
        self._counsel = _person(Role.COUNSEL)
        self._second_counsel = _person(Role.COUNSEL, "second")
        self._custodian = _person(Role.CUSTODIAN)
        self._second_custodian = _person(Role.CUSTODIAN, "second")
        self._officers: dict[str, Officer] = {}
        self._filed = 0

    def file(self, planned: Planned) -> DataRequest:
        """File one request and take it to its published end, with every step in between."""
        officer = self._officer(planned.country)
        request = self._received(planned, officer)
        services.verify_requester(
            request, by=self._liaison, how="Called back on the number of our directory."
        )
        services.docket(request, by=self._counsel)
        services.check_validity(request, by=self._liaison, addressed_right=True)
        if planned.disclosed:
            services.accept(request, by=self._counsel)
            self._produce(request, planned)
        else:
            rejection = _REJECTIONS[self._filed % len(_REJECTIONS)]
            services.reject(request, by=self._counsel, rejection=rejection, reason=_WHY)
            services.close(request, by=self._liaison, closure="rejected")
        return request

    def _received(self, planned: Planned, officer: Officer) -> DataRequest:
        self._filed += 1
        emergency: dict[str, Any] = {"emergency_kind": "other", "grounds": _GROUNDS}
        today = clock.now().date()
        request = services.file(
            by=self._liaison,
            process=planned.process,
            agency=officer.agency,
            officer=officer,
            requester=officer.name,
            way="portal",
            zone=ZONE,
            accounts=[("user_id", each) for each in planned.accounts],
            authority="As published",
            court="As published",
            signed_by="As published",
            signed_on=today,
            addressed_to="Us",
            offence="As published",
            nexus="As published",
            categories=["subscriber"],
            range_from=today - timedelta(days=30),
            range_until=today,
            return_on=today + timedelta(days=30),
            non_disclosure=planned.told == "gag order",
            **emergency if planned.process is Process.EMERGENCY else {},
        )
        scan = io.BytesIO(f"Process {self._filed} of a rehearsal".encode())
        services.attach_scan(request, by=self._liaison, content=scan, filename="process.txt")
        return request

    def _produce(self, request: DataRequest, planned: Planned) -> None:
        over = None
        if planned.told == "notification":
            services.give_notice(request, by=self._counsel)
            over = self._tell(request)
        else:
            ordered = planned.told == "gag order"
            why = EXIGENT if planned.told == "exigent circumstances" else NOT_STATED
            services.keep_silent(request, by=self._counsel, because="" if ordered else why)
            self._let_in(request)
        # Nothing is collected before the user's window is over.
        with clock.frozen(over + timedelta(minutes=1)) if over else nullcontext():
            self._collect(request, planned)
            production = services.hand_in(request, by=self._custodian)
            services.quality_check(request, by=self._second_custodian, digest=production.digest)
            services.sign_off(request, by=self._counsel, digest=production.digest)
            services.produce(request, by=self._counsel)
            services.deliver(request, by=self._counsel)
            services.acknowledge(request, by=self._counsel)
            services.close(request, by=self._liaison, closure="produced_in_full")

    def _tell(self, request: DataRequest) -> datetime | None:
        """Tell the user by a letter of two people; return when their window is over."""
        notice = services.prepare_notice(request, by=self._counsel)
        digest = notice.letter.sha256 if notice.letter else ""
        services.approve_notice(notice, by=self._second_counsel, digest=digest)
        services.tell_user(notice, by=self._liaison, how="As published")
        request.refresh_from_db(fields=["notice_until"])
        return request.notice_until

    def _let_in(self, request: DataRequest) -> None:
        """Let those who collect and check into a case that an order hides."""
        until = clock.now() + timedelta(days=60)
        for compartment in case_selectors.compartments_of(request.case):
            for person in (self._custodian, self._second_custodian):
                cases.admit(compartment, person=person, by=self._counsel, reason="Collects.", until=until)

    def _collect(self, request: DataRequest, planned: Planned) -> None:
        services.collect(request, by=self._custodian)
        relates = "It names who is in danger." if planned.process is Process.EMERGENCY else ""
        for named in selectors.accounts_of(request):
            services.offer_candidates(named, by=self._custodian, candidates=[named.value])
            record = {"account": named.value, "name": "As published", "request": request.reference}
            exhibit, _ = evidence.take_in(
                request.case.reference,
                by=self._custodian,
                content=io.BytesIO(json.dumps(record).encode()),
                filename="subscriber.json",
                why=f"For data request {request.reference}",
            )
            services.add_item(
                request,
                by=self._custodian,
                account=named,
                category="subscriber",
                exhibit=exhibit,
                relates=relates,
            )

    def _officer(self, country: str) -> Officer:
        if country not in self._officers:
            self._officers[country] = _officer_of(_agency(country), country)
        return self._officers[country]


def _person(role: Role, which: str = "first") -> User:
    return access.create_person(f"rehearsal-{which}-{role.value}"[:150], by=None, roles=[role.value])


def _agency(country: str) -> Agency:
    ours = country == "US"
    agency = partners.register_agency(
        by=None,
        name=f"Authority of {country}",
        identifier=f"{country}-REHEARSAL",
        kind="police" if ours else "authority",
        recipient_class="us_government" if ours else "foreign_government",
        country=country,
        time_zone=ZONE,
        domain=f"authority-{country.lower()}.example",
        phone="+1 970 555 0112",
    )
    return partners.verify_agency(agency, by=None, how_verified="A rehearsal.")


def _officer_of(agency: Agency, country: str) -> Officer:
    user = access.create_person(f"rehearsal-officer-{country.lower()}", by=None, roles=[Role.OFFICER.value])
    officer = partners.register_officer(agency, by=None, user=user, name="An officer", rank="Officer")
    partners.verify_officer(officer, by=None, how_verified="A rehearsal.")
    found = partner_selectors.officer_of(user)
    if found is None:
        raise RuntimeError("An officer who was verified stands.")
    return found
