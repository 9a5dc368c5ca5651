"""Criteria of the desk and criteria of files: the one is taken along as the other, and neither is lost."""

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.access.services import User
from coordination.core import clock
from coordination.core.errors import Refused
from coordination.policy import contents, packs, selectors, services
from coordination.policy.changes import changes
from coordination.policy.criteria import CRITERIA
from coordination.policy.fields import read_row
from coordination.policy.models import CriteriaVersion, Pack
from tests.policy.conftest import WritePack
from tests.policy.test_proposing import TODAY, Propose, approve, what_is_new


@pytest.fixture
def _today(shipped: list[Pack]) -> Any:
    with clock.frozen(TODAY):
        yield


@pytest.fixture
def propose(_today: None, senior_reviewer: User) -> Propose:
    return lambda **new: services.propose_criteria(by=senior_reviewer, **what_is_new(**new))


NEXT = """
[[criteria]]
id = "platform.criteria"
version = "v9"
citation = "Platform policy"
high_severity_categories = ["csam"]
{extra}
[[criteria.sections]]
id = "1"
heading = "One"
text = "Some text."
"""


def load(write_pack: WritePack, body: str, begins: str = "2026-04-01") -> list[Pack]:
    return services.load(write_pack(body, name="platform", version="2026.9", begins=begins))


def test_a_pack_does_not_take_the_place_of_what_the_desk_approved_in_silence(
    propose: Propose, counsel: User, write_pack: WritePack
) -> None:
    approve(propose(), counsel)
    with pytest.raises(Refused, match="v3, approved on the desk") as caught:
        load(write_pack, NEXT.format(extra=""))
    assert caught.value.rule == "policy.approved-on-the-desk"
    assert not Pack.objects.filter(version="2026.9").exists()
    load(write_pack, NEXT.format(extra='replaces = "v3"'))
    assert selectors.criteria_in_force(datetime(2026, 4, 2, tzinfo=UTC)).version == "v9"


def test_a_pack_without_criteria_leaves_them_in_force(
    propose: Propose, counsel: User, write_pack: WritePack
) -> None:
    made = approve(propose(), counsel)
    load(write_pack, "")
    assert selectors.criteria_in_force(datetime(2026, 4, 2, tzinfo=UTC)) == made


def test_a_pack_does_not_begin_before_what_the_desk_approved(
    propose: Propose, counsel: User, write_pack: WritePack
) -> None:
    approve(propose(), counsel)
    with pytest.raises(Refused) as caught:
        load(write_pack, NEXT.format(extra='replaces = "v3"'), begins="2026-03-08")
    assert caught.value.rule == "policy.no-rewriting"


def test_the_version_as_toml_is_what_the_next_file_needs(
    propose: Propose, counsel: User, write_pack: WritePack
) -> None:
    made = approve(propose(), counsel)
    (pack,) = load(write_pack, contents.as_toml(made, code=made.code))
    loaded = CriteriaVersion.objects.get(pack=pack)
    assert contents.content_of(loaded) == contents.content_of(made)
    assert (loaded.version, loaded.citation) == (made.version, made.citation)
    assert changes(made, loaded) == []


_words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300).filter(str.strip)


@given(heading=_words, text=_words, why=_words)
def test_any_text_survives_the_way_through_a_file(heading: str, text: str, why: str) -> None:
    row = {
        "version": "v1",
        "high_severity_categories": ["csam"],
        "sections": [{"id": "1", "heading": heading, "text": text}],
        "rules": [
            {
                "id": "r",
                "section": "1",
                "outcomes": ["monitor"],
                "why": why,
                "when": {"minor": True, "level": ["low"]},
            }
        ],
    }
    values, wrong = read_row(CRITERIA, row)
    assert not wrong
    kept = CriteriaVersion(
        code="c",
        citation="x",
        version="v1",
        high_severity_categories=["csam"],
        sections=[{"code": "1", **{name: values["sections"][0][name] for name in ("heading", "text")}}],
        rules=[{"code": "r", **{k: v for k, v in values["rules"][0].items() if k != "id"}}],
    )
    table = tomllib.loads(contents.as_toml(kept, code="c"))["criteria"][0]
    read, wrong = read_row({**packs.SECTIONS["criteria"]}, table)
    assert not wrong
    assert {name: read[name] for name in values} == values
