"""Loading: idempotent, all or nothing, never a change to what was published; errors an author can find."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Model

from coordination.channels.messages import RecipientClass as ChannelRecipientClass
from coordination.core import clock
from coordination.core.errors import InvalidInput, NotFound, Refused
from coordination.ledger.models import Leaf
from coordination.policy import packs, selectors, services
from coordination.policy.models import Clock, CriteriaVersion, EmergencyNumber, Holiday, LegalBasis, Pack
from coordination.policy.workflow import FlagCategory, RecipientClass, Step
from coordination.triage.workflow import Category as TriageCategory
from tests.policy.conftest import SHIPPED, WritePack

pytestmark = pytest.mark.django_db

BASIS = """
[[legal_bases]]
id = "test.basis"
title = "For a test"
statute = "Test Act"
citation = "Test Act s. 1"
data_categories = ["content"]
recipient_classes = ["addressee"]
"""
CLOCK = """
[[clocks]]
id = "c"
trigger = "something"
applies_to = "anything"
amount = 1
citation = "Test Act s. 2"
"""
MARCH = datetime(2026, 3, 6, tzinfo=UTC)


def run(command: str, *args: Path) -> str:
    out = StringIO()
    call_command(command, *map(str, args), stdout=out)
    return out.getvalue()


def test_the_shipped_packs_pass_their_check() -> None:
    assert "us-federal 2026.1" in run("policy_check")


def test_loading_twice_changes_nothing() -> None:
    assert "us-federal 2026.1" in run("policy_load")
    before = (Pack.objects.count(), LegalBasis.objects.count(), Leaf.objects.count())
    assert run("policy_load").strip() == "Every pack was loaded already."
    assert (Pack.objects.count(), LegalBasis.objects.count(), Leaf.objects.count()) == before


def test_each_loaded_pack_is_on_the_ledger(shipped: list[Pack]) -> None:
    recorded = Leaf.objects.filter(action="policy.loaded").values_list("subject", flat=True)
    assert set(recorded) == {f"pack:{pack.name}/{pack.version}" for pack in shipped}


def test_a_published_version_never_changes(write_pack: WritePack) -> None:
    services.load(write_pack(BASIS))
    changed = write_pack(BASIS.replace("addressee", "us_government"))
    with pytest.raises(Refused) as caught:
        services.load(changed)
    assert caught.value.rule == "policy.published-version"
    assert LegalBasis.objects.get().recipient_classes == ["addressee"]


@pytest.mark.parametrize("model", [LegalBasis, Clock, CriteriaVersion, EmergencyNumber, Holiday])
def test_the_application_cannot_change_or_remove_a_row(shipped: list[Pack], model: type[Model]) -> None:
    before = list(model._default_manager.order_by("pk").values())
    for statement in (
        lambda: model._default_manager.update(pack=shipped[0]),
        lambda: model._default_manager.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            statement()
    assert list(model._default_manager.order_by("pk").values()) == before


def test_a_new_version_ends_the_one_before(write_pack: WritePack) -> None:
    services.load(write_pack(BASIS))
    services.load(write_pack(BASIS, version="2", begins="2026-07-01"))
    first, second = Pack.objects.order_by("effective_from")
    assert first.effective_until == second.effective_from
    assert [pack.version for pack in selectors.packs_in_force(MARCH)] == ["1"]
    assert [pack.version for pack in selectors.packs_in_force(second.effective_from)] == ["2"]


def test_a_version_may_not_begin_before_one_that_is_loaded(write_pack: WritePack) -> None:
    services.load(write_pack(BASIS, version="2", begins="2026-07-01"))
    with pytest.raises(Refused) as caught:
        services.load(write_pack(BASIS, version="1", begins="2026-07-01"))
    assert caught.value.rule == "policy.no-rewriting"


def test_two_versions_never_overlap_in_the_database(write_pack: WritePack) -> None:
    pack = services.load(write_pack(BASIS))[0]
    twin = Pack(
        name=pack.name,
        title="Twin",
        jurisdiction="US",
        version="twin",
        time_zone="UTC",
        effective_from=pack.effective_from + timedelta(days=1),
        digest="sha256:0",
        loaded_at=clock.now(),
    )
    with pytest.raises(IntegrityError, match="policy_pack_one_in_force"), transaction.atomic():
        twin.save()
    twin.name = "another"
    twin.save()


def test_one_wrong_file_keeps_all_out(write_pack: WritePack) -> None:
    write_pack(BASIS, name="good")
    with pytest.raises(InvalidInput):
        services.load(write_pack("[[legal_bases]]\n", name="wrong"))
    assert not Pack.objects.exists()


def test_a_day_begins_in_the_zone_of_the_pack(write_pack: WritePack) -> None:
    pack = services.load(write_pack(BASIS, zone="America/New_York"))[0]
    assert pack.effective_from == datetime(2026, 1, 1, 5, tzinfo=UTC)
    assert pack.begins.date() == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("body", "row", "field"),
    [
        (BASIS.replace('citation = "Test Act s. 1"\n', ""), "legal_bases[1] test.basis", "citation"),
        (BASIS.replace("Test Act s. 1", " "), "legal_bases[1] test.basis", "citation"),
        (BASIS.replace('["content"]', '["contents"]'), "legal_bases[1] test.basis", "data_categories"),
        (BASIS.replace('["content"]', "[]"), "legal_bases[1] test.basis", "data_categories"),
        (BASIS.replace('["addressee"]', '"addressee"'), "legal_bases[1] test.basis", "recipient_classes"),
        (BASIS + "requires_consnet = true\n", "legal_bases[1] test.basis", "requires_consnet"),
        (BASIS + 'requires_consent = "yes"\n', "legal_bases[1] test.basis", "requires_consent"),
        (BASIS + BASIS, "legal_bases test.basis", "id"),
        ("[[legal_base]]\n", "legal_base", "section"),
        ("clocks = 3\n", "pack", "clocks"),
        ("[[clocks]]\nid = 'c'\namount = 0\n", "clocks[1] c", "amount"),
        ("[[clocks]]\nid = 'c'\nunit = 'weeks'\n", "clocks[1] c", "unit"),
        ("[[clocks]]\nid = 'c'\nunit = 'business_days'\n", "clocks c", "calendar"),
        (
            CLOCK + "unit = 'business_days'\ncalendar = 'nowhere'\n",
            "clocks c",
            "calendar",
        ),
        ("[[emergency_numbers]]\nplace = 'P'\n", "emergency_numbers[1] P", "number"),
        ("[[calendars]]\nid = 'k'\nholidays = [{ name = 'x' }]\n", "calendars[1] k", "holidays"),
        ("[[criteria]]\nid = 'k'\nhigh_severity_categories = ['arson']\n", "criteria[1] k", "high_severity"),
        ("not toml", "file", "syntax"),
    ],
)
def test_an_error_names_file_row_and_field(write_pack: WritePack, body: str, row: str, field: str) -> None:
    directory = write_pack(body)
    with pytest.raises(CommandError) as caught:
        run("policy_check", directory)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"test/1.toml: {row}: {field}") for line in lines), lines


def test_a_header_must_agree_with_its_place(write_pack: WritePack) -> None:
    directory = write_pack(BASIS)
    (directory / "test" / "1.toml").rename(directory / "test" / "2.toml")
    with pytest.raises(CommandError, match=r"test/2.toml: pack: version: differs"):
        run("policy_check", directory)


def test_an_id_belongs_to_one_pack(write_pack: WritePack) -> None:
    write_pack(BASIS, name="one")
    _, problems = packs.read_all(write_pack(BASIS, name="two"))
    assert [(problem.row, problem.field) for problem in problems] == [("legal_bases test.basis", "id")]


def test_an_empty_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"holds no"):
        run("policy_check", tmp_path)


def test_a_calendar_that_ends_soon_is_told() -> None:
    with clock.frozen(datetime(2028, 9, 1, tzinfo=UTC)):
        assert "calendar us-federal ends on 2028-12-31" in run("policy_check")


def test_recipient_classes_are_the_words_of_the_kit() -> None:
    """Two slices that may not know each other use the same words."""
    assert [*RecipientClass] == [*ChannelRecipientClass]


def test_flag_categories_are_the_words_of_triage() -> None:
    assert [*FlagCategory] == [*TriageCategory]


def test_every_shipped_row_cites() -> None:
    files, problems = packs.read_all(SHIPPED)
    assert not problems
    for file in files:
        for section, rows in file.rows.items():
            for row in rows:
                assert row.get("citation") or row.get("source"), (file.path, section, row)


def test_criteria_say_what_is_severe(shipped: list[Pack]) -> None:
    criteria = selectors.criteria_in_force(MARCH)
    assert criteria.version == "v2"
    assert [section["heading"] for section in criteria.sections][1:4] == ["Low", "Medium", "High"]
    assert selectors.is_high_severity("mass_casualty", MARCH)
    assert selectors.is_high_severity("targeted_harassment", MARCH)
    assert not selectors.is_high_severity("stalking", MARCH)
    with pytest.raises(InvalidInput) as caught:
        selectors.is_high_severity("arson", MARCH)
    assert caught.value.field == "category"


def test_without_packs_there_are_no_criteria() -> None:
    with pytest.raises(NotFound):
        selectors.criteria_in_force(MARCH)
    with pytest.raises(NotFound):
        selectors.routing(MARCH)


def test_p0_sends_somebody_to_the_telephone(shipped: list[Pack]) -> None:
    rule = selectors.phone_rule("P0", MARCH)
    assert rule is not None
    assert rule.clock == "policy.phone-p0"
    assert selectors.phone_rule("normal", MARCH) is None


def test_a_call_centre_has_its_source_and_check_date(shipped: list[Pack]) -> None:
    found = selectors.emergency_number(" harrow county ", MARCH)
    assert found is not None
    assert sum(character.isdigit() for character in found.number) == 11  # country code and ten digits
    assert found.source
    assert found.checked_on
    assert selectors.emergency_number("Elsewhere", MARCH) is None


def test_routing_names_its_order_and_its_fallback(shipped: list[Pack]) -> None:
    row = selectors.routing(MARCH)
    assert row.order == ["place_of_offence", "subject_residence", "target_residence"]
    assert "duty officer" in row.fallback


LADDER = """
[[ladder]]
id = "{id}"
step = "{step}"
order = {order}
title = "A step"
limits = "Something."
review_clock = "c"
on_intake = {on_intake}
citation = "Test policy"
"""


def test_the_ladder_has_its_steps_in_order_and_one_of_them_at_intake(shipped: list[Pack]) -> None:
    rows = list(selectors.ladder())
    assert [row.step for row in rows] == list(Step)
    assert [row.step for row in rows if row.on_intake] == ["limit_features"]
    assert selectors.ladder_step("warn").title == "Warn"
    with pytest.raises(InvalidInput):
        selectors.ladder_step("prison")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"id": "b", "step": "warn", "order": 2}, "order: is that of"),
        ({"id": "b", "step": "ban_with_watch", "order": 2, "on_intake": "true"}, "on_intake: stands at more"),
        ({"id": "b", "step": "read_only", "order": 2}, "step: stands here twice"),
        ({"id": "b", "step": "prison", "order": 2}, "step: is one of"),
    ],
)
def test_a_ladder_that_leads_nowhere_is_refused(
    write_pack: WritePack, second: dict[str, str], message: str
) -> None:
    first = {"id": "a", "step": "read_only", "order": 1, "on_intake": "true"}
    body = "".join(LADDER.format(**{"on_intake": "false", **row}) for row in (first, second))
    with pytest.raises(InvalidInput, match=message):
        services.load(write_pack(CLOCK + 'unit = "days"\n' + body))


def test_a_step_whose_clock_is_in_no_pack_is_refused(write_pack: WritePack) -> None:
    body = LADDER.format(id="a", step="warn", order=1, on_intake="false")
    with pytest.raises(InvalidInput, match="review_clock: is in no pack"):
        services.load(write_pack(body))
