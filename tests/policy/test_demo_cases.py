"""The people, partners and cases of the demo: what is chosen may leave, what is withheld says why."""

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from coordination.access.roles import ROLES, Role
from coordination.channels.messages import Provenance, RecipientClass
from coordination.core import clock
from coordination.desk.demo.loading import began
from coordination.policy import engine
from coordination.policy.models import Pack
from coordination.policy.workflow import DataCategory
from coordination.triage.services.intake import check

DEMO = Path(settings.BASE_DIR) / "fixtures" / "demo"
AT = datetime(2026, 11, 20, tzinfo=UTC)


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((DEMO / name).read_text())


PEOPLE = {person["key"]: person for person in read("people.toml")["people"]}
AGENCIES = {agency["key"]: agency for agency in read("agencies.toml")["agencies"]}
DESTINATIONS = {
    destination["key"]: agency for agency in AGENCIES.values() for destination in agency["destinations"]
}
CASES = read("cases.toml")["cases"]
REFERRALS = [case["referral"] for case in CASES if "referral" in case]


def everything(value: Any) -> Any:
    """Walk through every table of a file."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from everything(each)


def test_every_role_of_the_desk_has_somebody() -> None:
    held = {role for person in PEOPLE.values() for role in person["roles"]}
    assert held <= {*Role}
    assert {role for role, rights in ROLES.items() if rights.staff} <= held


def test_everybody_named_is_there() -> None:
    named = {table["by"] for table in everything(CASES) if "by" in table}
    named |= {officer["user"] for agency in AGENCIES.values() for officer in agency["officers"]}
    assert named <= set(PEOPLE)
    assert {key for referral in REFERRALS for key in referral["addressees"]} <= set(DESTINATIONS)


def test_agencies_have_known_classes_and_numbers_of_their_own() -> None:
    assert {agency["recipient_class"] for agency in AGENCIES.values()} <= {*RecipientClass}
    assert len({agency["phone"] for agency in AGENCIES.values()}) == len(AGENCIES)


def test_two_departments_of_one_name_differ_by_identifier() -> None:
    twins = [agency for agency in AGENCIES.values() if agency["name"] == "Springfield Police Department"]
    assert len(twins) == len({twin["identifier"] for twin in twins}) == 2


def test_nothing_in_the_demo_is_real() -> None:
    """Domains under .example, secrets by reference, networks for documentation."""
    text = "".join(path.read_text() for path in DEMO.glob("*.toml"))
    for word in text.replace('"', " ").replace(",", " ").split():
        if "@" in word:
            assert word.rstrip(".;").endswith(".example"), word
    for table in everything(list(AGENCIES.values())):
        for field, value in table.items():
            if field.endswith("_secret"):
                assert value.startswith("secret:")


@pytest.mark.parametrize("referral", REFERRALS, ids=lambda referral: referral["title"])
@pytest.mark.django_db
def test_what_is_chosen_may_leave_and_what_is_withheld_says_why(
    shipped: list[Pack], referral: dict[str, Any]
) -> None:
    chosen = [item for item in referral["items"] if item.get("chosen", True)]
    withheld = [item for item in referral["items"] if not item.get("chosen", True)]
    assert chosen
    for item in withheld:
        assert item["reason"].startswith("Withheld")
    for disclosed in [*chosen, *referral["facts"]]:
        for key in referral["addressees"] or ["harrow_portal"]:
            assert engine.allow(
                category=disclosed["category"],
                recipient_class=DESTINATIONS[key]["recipient_class"],
                basis_code=disclosed["basis"],
                emergency=referral["danger_to_life"] and bool(referral["danger_reason"]),
                at=AT,
            )


@pytest.mark.parametrize("referral", REFERRALS, ids=lambda referral: referral["title"])
def test_texts_fit_and_words_are_known(referral: dict[str, Any]) -> None:
    longest = {
        "title": 200,
        "reason": 500,
        "label": 100,
        "confidence": 60,
        "feared_when": 200,
        "reporter": 120,
    }
    for table in everything(referral):
        for field, length in longest.items():
            assert len(table.get(field, "")) <= length, (field, table[field])
        assert table.get("provenance", "observed") in [*Provenance]
        assert table.get("category", "content") in [*DataCategory]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["key"])
def test_flags_are_taken_in_and_join_their_case(case: dict[str, Any]) -> None:
    for flag in case["flags"]:
        assert flag["account"] in case["accounts"]
        assert flag["content_after"] <= flag["after"]
        optional = {"score": None, "classifier": "", "classifier_version": "", "files": []}
        values = {
            key: value for key, value in flag.items() if key not in {"after", "by", "key", "content_after"}
        }
        with clock.frozen(AT):
            intake = check({**optional, **values, "content_at": AT})
        assert intake.content == flag["content"]


def test_nobody_approves_what_they_filed_or_submitted() -> None:
    for case in CASES:
        filers = {step["by"] for step in case.get("steps", []) if step["do"] == "submit"}
        filers |= {case["referral"]["by"]} if "referral" in case else set()
        approvers = {step["by"] for step in case.get("steps", []) if step["do"] == "approve"}
        assert not filers & approvers


def test_a_case_happens_in_order() -> None:
    for case in CASES:
        moments = [step["after"] for step in case.get("steps", [])]
        assert moments == sorted(moments)
        if "referral" in case and moments:
            assert max(decision["after"] for decision in case["decisions"][:1]) < case["referral"]["after"]
            assert case["referral"]["after"] < moments[0]


def test_a_time_is_told_in_the_zone_of_its_place() -> None:
    """What the words call Friday 23:09 is Friday 23:09 there, however the fixture is dated."""
    spoken = 0
    for case in (each for each in CASES if "referral" in each):
        for item in case["referral"]["items"]:
            assert ("occurred_after" in item) == ("occurred_zone" in item), item["title"]
            assert item["occurred_zone"] in {flag["content_zone"] for flag in case["flags"]}, item["title"]
            words = re.search(r"(\w+day) (\d\d:\d\d)", item["title"])
            if words:
                with clock.frozen(AT):
                    moment = began(case["began"]) + timedelta(minutes=item["occurred_after"])
                assert words[0] == f"{moment.astimezone(ZoneInfo(item['occurred_zone'])):%A %H:%M}"
                spoken += 1
    assert spoken == 3


def test_the_letter_of_the_story_is_whole_sentences() -> None:
    (letter,) = (case["letter"] for case in CASES if "letter" in case)
    for each in (letter["subject_line"], letter["salutation"], *letter["paragraphs"], letter["signed_by"]):
        assert each[0].isupper(), each
    assert all(each.endswith(".") for each in letter["paragraphs"])
