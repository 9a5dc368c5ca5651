"""The rules of the criteria: what they may say, and what they ask for."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.policy import criteria, packs, selectors
from coordination.policy.criteria import CONDITIONS, Facts, compare, expect, rules_of
from coordination.policy.models import Pack
from coordination.policy.workflow import Asked, Behaviour, Finding, FlagCategory, Framing, Level, ThreatType
from tests.policy.conftest import SHIPPED, WritePack
from tests.policy.test_packs import MARCH

LOW = Facts(
    category="stalking",
    high_severity=False,
    level="low",
    threat_type="veiled",
    target="unknown",
    means="absent",
    timing="absent",
)
MEDIUM = replace(LOW, level="medium", target="present", danger_to_others=True)
TWO = frozenset({"leakage", "fixation"})

VERSION = """
[[criteria]]
id = "test.criteria"
version = "t1"
citation = "Test policy"
high_severity_categories = ["csam"]
[[criteria.sections]]
id = "1"
heading = "One"
text = "Some text."
[[criteria.rules]]
id = "first"
section = "1"
outcomes = ["refer_police"]
why = "Because."
when = {{ {when} }}
"""


@pytest.fixture
def rules(shipped: list[Pack]) -> tuple[criteria.Rule, ...]:
    return rules_of(selectors.criteria_in_force(MARCH).rules)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("facts", "outcomes"),
    [
        (LOW, set()),
        (replace(LOW, level="high"), {"refer_police"}),
        (replace(LOW, level="high", target="absent", danger_to_others=True), {"refer_police"}),
        (MEDIUM, set()),
        (replace(MEDIUM, means="present"), {"refer_police"}),
        (replace(MEDIUM, timing="present"), {"refer_police"}),
        (replace(MEDIUM, behaviours=frozenset({"leakage"})), set()),
        (replace(MEDIUM, behaviours=TWO), {"refer_police"}),
        (replace(MEDIUM, behaviours=TWO, target="unknown"), set()),
        (replace(LOW, behaviours=TWO, target="present", means="present"), set()),
        (replace(LOW, danger_to_self=True), {"refer_crisis"}),
        (replace(LOW, level="high", danger_to_self=True), {"refer_crisis"}),
        (replace(LOW, danger_to_self=True, danger_to_others=True), {"refer_police", "refer_crisis"}),
        (
            replace(LOW, level="high", danger_to_self=True, danger_to_others=True),
            {"refer_police", "refer_crisis"},
        ),
    ],
)
def test_the_shipped_rules_ask_for_what_the_prose_says(
    rules: tuple[criteria.Rule, ...], facts: Facts, outcomes: set[str]
) -> None:
    assert expect(rules, facts).outcomes == outcomes


@pytest.mark.django_db
def test_what_is_asked_for_names_its_rules(rules: tuple[criteria.Rule, ...]) -> None:
    found = expect(rules, replace(MEDIUM, means="present", behaviours=TWO))
    assert found.rules == ("medium-means", "medium-behaviours")


@pytest.mark.django_db
def test_the_absence_of_one_of_three_is_no_automatic_no(rules: tuple[criteria.Rule, ...]) -> None:
    for missing in ("means", "timing"):
        facts = replace(replace(MEDIUM, means="present", timing="present"), **{missing: "absent"})
        assert "refer_police" in expect(rules, facts).outcomes


@pytest.mark.django_db
def test_a_decision_is_compared_with_what_is_asked_for(rules: tuple[criteria.Rule, ...]) -> None:
    asked = expect(rules, replace(MEDIUM, means="present"))
    assert compare(rules, asked, ["no_action"]) == ({"refer_police"}, set())
    assert compare(rules, asked, ["refer_police", "warn_target"]) == (set(), set())
    nothing = expect(rules, LOW)
    assert compare(rules, nothing, ["no_action"]) == (set(), set())
    assert compare(rules, nothing, ["refer_police"]) == (set(), {"refer_police"})


@pytest.mark.django_db
def test_on_what_no_rule_speaks_of_the_criteria_are_silent(rules: tuple[criteria.Rule, ...]) -> None:
    assert compare(rules, expect(rules, LOW), ["warn_target", "monitor"]) == (set(), set())


_facts = st.builds(
    Facts,
    category=st.sampled_from([*FlagCategory]),
    high_severity=st.booleans(),
    level=st.sampled_from([*Level]),
    threat_type=st.sampled_from([*ThreatType]),
    target=st.sampled_from([*Finding]),
    means=st.sampled_from([*Finding]),
    timing=st.sampled_from([*Finding]),
    behaviours=st.frozensets(st.sampled_from([*Behaviour])),
    framing=st.sampled_from([*Framing]),
    danger_to_self=st.booleans(),
    danger_to_others=st.booleans(),
    minor=st.booleans(),
    coordinated=st.booleans(),
)
_wanted = {
    "level": st.lists(st.sampled_from([*Level]), min_size=1, unique=True),
    "target": st.lists(st.sampled_from([*Finding]), min_size=1, unique=True),
    "warning_behaviours": st.lists(st.sampled_from([*Behaviour]), min_size=1, unique=True),
    "warning_behaviours_at_least": st.integers(1, 8),
    "danger_to_self": st.booleans(),
    "coordinated": st.booleans(),
}
_rules = st.lists(
    st.builds(
        criteria.Rule,
        code=st.uuids().map(str),
        section=st.just("1"),
        outcomes=st.frozensets(st.sampled_from([*Asked]), min_size=1),
        why=st.just("x"),
        when=st.fixed_dictionaries({}, optional=_wanted).filter(bool),
    )
)


@given(facts=_facts, some=_rules, more=_rules)
def test_a_further_rule_never_asks_for_less_and_the_order_is_nothing(
    facts: Facts, some: list[Any], more: list[Any]
) -> None:
    both = expect([*some, *more], facts)
    assert expect(some, facts).outcomes <= both.outcomes
    assert expect([*more, *some], facts).outcomes == both.outcomes


@given(facts=_facts, rules=_rules)
def test_what_is_asked_for_and_done_differs_in_nothing(facts: Facts, rules: list[Any]) -> None:
    asked = expect(rules, facts)
    assert compare(rules, asked, asked.outcomes) == (set(), set())


def test_every_condition_says_itself_in_words() -> None:
    values = {
        **{name: ["x"] for name in CONDITIONS},
        "warning_behaviours_at_least": 2,
        **dict.fromkeys(
            ("high_severity", "danger_to_self", "danger_to_others", "minor", "coordinated"), True
        ),
    }
    rule = criteria.Rule(code="r", section="1", outcomes=frozenset(), why="x", when=values)
    assert rule.in_words.count(";") == len(CONDITIONS) - 1


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("", "when is a table with one or more of level"),
        ("levels = ['high']", "levels is not a field here"),
        ("level = 'high'", "level is a list of one or more of low, medium, high"),
        ("level = ['grave']", "level is one of low, medium, high"),
        ("level = ['high', 'high']", "level names something twice"),
        ("target = true", "target is a list"),
        ("warning_behaviours_at_least = 9", "is a whole number from 1 to 8"),
        ("warning_behaviours_at_least = true", "is a whole number above zero"),
        ("danger_to_self = 'yes'", "danger_to_self is true or false"),
        ("'__class__' = ['x']", "__class__ is not a field here"),
    ],
)
def test_a_condition_outside_the_vocabulary_is_refused_by_name(
    write_pack: WritePack, when: str, message: str
) -> None:
    _, problems = packs.read_all(write_pack(VERSION.format(when=when)))
    (problem,) = problems
    assert (problem.row, problem.field) == ("criteria[1] test.criteria", "rules")
    assert message.removeprefix("when ") in problem.message
    assert "entry 1, when" in problem.message


def test_a_rule_names_a_section_that_exists_and_an_id_of_its_own(write_pack: WritePack) -> None:
    body = VERSION.format(when="level = ['high']")
    again = body[body.index("[[criteria.rules]]") :].replace('section = "1"', 'section = "9"')
    _, problems = packs.read_all(write_pack(body + again))
    assert [(each.row, each.field, each.message) for each in problems] == [
        ("criteria test.criteria", "rules", "first stands here twice"),
        ("criteria test.criteria", "rules", "first: section 9 does not exist"),
    ]


def test_no_rule_asks_not_to_act(write_pack: WritePack) -> None:
    body = VERSION.format(when="level = ['low']").replace("refer_police", "no_action")
    _, problems = packs.read_all(write_pack(body))
    assert "outcomes: is one of refer_police" in problems[0].message


def test_the_shipped_rules_stand_in_the_newest_pack() -> None:
    files, _ = packs.read_all(SHIPPED)
    newest = [file for file in files if file.header["name"] == "platform"][-1]
    assert newest.rows["criteria"][0]["rules"]
