"""References survive the telephone; machine ids sort by time."""

import re
import time

import pytest

from coordination.core import identifiers


def test_a_reference_reads_as_prefix_and_two_groups_without_ambiguous_letters() -> None:
    for _ in range(200):
        assert re.fullmatch(r"R-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", identifiers.reference("R"))


def test_references_do_not_repeat_soon() -> None:
    assert len({identifiers.reference("R") for _ in range(5000)}) == 5000


def test_a_uuid7_says_its_version_variant_and_time() -> None:
    before = time.time_ns() // 1_000_000
    made = identifiers.uuid7()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000


def test_uuid7s_of_different_milliseconds_sort_by_time() -> None:
    earlier = identifiers.uuid7()
    time.sleep(0.002)
    assert earlier < identifiers.uuid7()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("7", True),
        ("9" * 18, True),
        ("9" * 5000, False),
        ("²", False),
        ("٣", False),
        ("-1", False),
        ("", False),
    ],
)
def test_the_number_of_a_row_is_plain_digits_of_a_size_that_there_is(text: str, is_one: bool) -> None:
    assert identifiers.is_row(text) is is_one
