"""Who stands behind a request: an officer whom we verified, at an agency that we know, and its domain."""

from datetime import timedelta

import pytest

from coordination.access import services as access
from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import InvalidInput
from coordination.partners import selectors, services
from coordination.partners.domains import IN_WORDS, How
from coordination.partners.models import Agency, Officer
from tests.world import OfficerOf

OURS = "harrow-sheriff.example"


@pytest.fixture
def officer(agency: Agency, police_officer_of: OfficerOf) -> Officer:
    return Officer.objects.get(user=police_officer_of(agency))


def test_a_verified_officer_stands_behind_a_request(officer: Officer) -> None:
    standing = selectors.standing_for_requests(officer)
    assert (standing.verified, standing.reasons, standing.suspended) == (True, (), False)
    assert standing.trust == "ordinary"
    assert standing.verified_until == officer.expires_at


def test_nobody_known_stands_behind_nothing() -> None:
    standing = selectors.standing_for_requests(None)
    assert not standing.verified
    assert standing.reasons == ("Nobody whom we verified stands behind it.",)


def test_edr_08_a_verification_of_thirteen_months_ago_stands_for_nothing(officer: Officer) -> None:
    assert officer.expires_at is not None
    with clock.frozen(officer.expires_at - timedelta(seconds=1)):
        assert selectors.standing_for_requests(officer).verified
    with clock.frozen(officer.expires_at):
        standing = selectors.standing_for_requests(officer)
        assert not standing.verified
        assert standing.reasons == (f"The officer's verification ended on {officer.expires_at:%Y-%m-%d}.",)
    with clock.frozen(officer.expires_at + timedelta(days=31)):
        assert not selectors.standing_for_requests(officer).verified


def test_a_suspension_is_seen_at_once(officer: Officer, agency: Agency, administrator: User) -> None:
    services.suspend_officer(officer, by=administrator, reason="The mailbox was taken over.")
    standing = selectors.standing_for_requests(officer)
    assert (standing.verified, standing.suspended) == (False, True)
    services.suspend_agency(agency, by=administrator, reason="A forged request.")
    assert "The agency is suspended." in selectors.standing_for_requests(officer).reasons


def test_the_agencys_own_system_is_no_person(agency: Agency) -> None:
    system = services.register_officer(agency, by=None, name="Portal", username="portal", is_system=True)
    services.verify_officer(system, by=None, how_verified="Set up with their administrator.")
    assert selectors.officer_of(system.user) == system
    assert not selectors.standing_for_requests(system).verified


def test_who_was_never_verified_or_is_disabled_stands_for_nothing(
    agency: Agency, officer: Officer, administrator: User
) -> None:
    new = services.register_officer(agency, by=administrator, name="Nora Whitfield", username="nora")
    assert selectors.standing_for_requests(new).reasons == ("Nobody has verified the officer yet.",)
    access.change_person(officer.user, by=administrator, alias="", is_active=False)
    assert not selectors.standing_for_requests(officer).verified


@pytest.mark.parametrize(
    "given", [OURS, f"c.reyes@{OURS}", "C.Reyes@Harrow-Sheriff.EXAMPLE", f"  records@{OURS} "]
)
def test_an_agency_is_matched_by_its_registered_domain(agency: Agency, given: str) -> None:
    assert selectors.match_domain(given) == agency
    assert selectors.look_alike(given) is None


LOOK_ALIKES = [
    (f"{OURS}.", How.TRAILING_DOT),
    (f"c.reyes@{OURS}.", How.TRAILING_DOT),
    ("h\N{CYRILLIC SMALL LETTER A}rrow-sheriff.example", How.HOMOGLYPH),
    ("xn--hrrow-sheriff-w1k.example", How.HOMOGLYPH),
    ("h\N{LATIN SMALL LETTER A WITH ACUTE}rrow-sheriff.example", How.HOMOGLYPH),
    ("\N{FULLWIDTH LATIN SMALL LETTER H}arrow-sheriff.example", How.HOMOGLYPH),
    ("harrovv-sheriff.example", How.HOMOGLYPH),
    ("harr0w-sheriff.example", How.DIGIT),
    ("harrow-sher1ff.example", How.DIGIT),
    (f"{OURS}.attacker.tld", How.SUB_DOMAIN),
    (f"mail.{OURS}.attacker.tld", How.SUB_DOMAIN),
    ("harr0w-sheriff.example.attacker.tld", How.SUB_DOMAIN),
    ("harrowsheriff.example", How.HYPHEN),
    ("harrow.sheriff.example", How.HYPHEN),
    ("harrow-sheriff-example.com", How.HYPHEN),
    ("harrow-sheriff.com", How.ENDING),
    ("harow-sheriff.example", How.LETTER),
    ("harrow-shreiff.example", How.LETTER),
]


@pytest.mark.parametrize(("given", "how"), LOOK_ALIKES)
def test_edr_02_a_look_alike_is_flagged_and_never_matched(agency: Agency, given: str, how: How) -> None:
    assert selectors.match_domain(given) is None
    found = selectors.look_alike(given)
    assert found is not None
    assert (found.agency, found.domain, found.how) == (agency, OURS, how)
    assert OURS in found.in_words
    assert agency.identifier in found.in_words
    assert IN_WORDS[how] in found.in_words


@pytest.mark.parametrize(
    "given",
    ["police.gov.attacker.tld", "police-gov.example", "p0lice.gov", "xn--plice-jye.gov", "police.gov."],
)
def test_edr_02_the_tricks_of_the_list_are_flagged(agency: Agency, given: str) -> None:
    Agency.objects.filter(pk=agency.pk).update(domain="police.gov")
    assert selectors.match_domain(f"chief@{given}") is None
    assert selectors.look_alike(given) is not None


@pytest.mark.parametrize(
    "given",
    [
        *("", "@", ".", "sheriff.example", "example", f"not{OURS}", "somebody-else.example"),
        *(f"a@b@{OURS}", f"Harrow Sheriff <c@{OURS}>", f"@{OURS}", f"c@{OURS}, d@{OURS}"),
    ],
)
def test_edr_02_nothing_else_is_matched_by_a_part_of_it(agency: Agency, given: str) -> None:
    assert selectors.match_domain(given) is None


def test_what_stands_under_a_registered_domain_is_theirs_and_no_match(agency: Agency) -> None:
    assert selectors.match_domain(f"dispatch@mail.{OURS}") is None
    assert selectors.look_alike(f"dispatch@mail.{OURS}") is None


def test_rec_02_a_domain_of_two_agencies_is_matched_to_neither(agency: Agency, second_agency: Agency) -> None:
    Agency.objects.filter(pk=second_agency.pk).update(domain=OURS)
    assert selectors.match_domain(OURS) is None
    assert selectors.look_alike(OURS) is None


def test_an_agency_without_a_domain_is_matched_by_nothing(agency: Agency) -> None:
    Agency.objects.filter(pk=agency.pk).update(domain="")
    assert selectors.match_domain("") is None
    assert selectors.look_alike("anything.example") is None


@pytest.mark.parametrize(
    "domain", ["c@police.example", "police", "police.example.", "po lice.example", "-.example"]
)
def test_a_domain_is_registered_as_one(administrator: User, domain: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.register_agency(
            by=administrator,
            name="Springfield Police Department",
            identifier="TX0000000",
            kind="police",
            recipient_class="us_government",
            country="US",
            phone="+1 512 555 0100",
            domain=domain,
        )
    assert refused.value.field == "domain"
