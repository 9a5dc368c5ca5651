"""Conversations: checked line by line, read and searched with a reason, cited by their lines."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from coordination.access.services import User
from coordination.cases.services import Case
from coordination.core.errors import InvalidInput, NotFound
from coordination.evidence import selectors, services
from coordination.evidence.models import Exhibit
from tests.exhibits import WHY, objects

GOOD = [
    {"speaker": "user", "at": "2026-03-06T22:12:00-07:00", "text": "On Monday they will know my name."},
    {"speaker": "assistant", "at": "2026-03-06T22:12:04-07:00", "text": "Who will?"},
    {
        "speaker": "user",
        "at": "2026-03-06T22:13:00-07:00",
        "text": "Everybody at the SCHOOL.",
        "attachments": [{"name": "plan.jpg", "sha256": "a" * 64}],
    },
]


def written(lines: list[Any], end: str = "\n") -> bytes:
    return ("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines) + end).encode()


def take_in(case: Case, by: User, content: bytes) -> Exhibit:
    return services.import_transcript(
        case.reference, by=by, content=io.BytesIO(content), filename="chat.jsonl", why=WHY
    )[0]


@pytest.fixture
def transcript(store: Path, case: Case, liaison: User) -> Exhibit:
    return take_in(case, liaison, written(GOOD))


def test_a_conversation_is_read_by_its_lines(transcript: Exhibit, liaison: User) -> None:
    lines = list(services.read_lines(transcript, by=liaison, why=WHY))
    assert [(each.number, each.speaker) for each in lines] == [(1, "user"), (2, "assistant"), (3, "user")]
    assert lines[0].at.isoformat() == "2026-03-06T22:12:00-07:00"
    assert lines[2].attachments[0].name == "plan.jpg"
    assert transcript.media_type == "application/jsonl"


def test_it_is_searched_whatever_the_case_of_letters(transcript: Exhibit, liaison: User) -> None:
    def found(words: str) -> list[int]:
        return [each.number for each in services.search_lines(transcript, words, by=liaison, why=WHY)]

    assert found("school") == [3]
    assert found("monday NAME") == [1]
    assert found("plan.jpg") == [3]
    assert found("nowhere") == []
    assert selectors.custody_of(transcript).filter(act="viewed").count() == 4


def test_the_last_line_need_not_end(store: Path, case: Case, liaison: User) -> None:
    exhibit = take_in(case, liaison, written(GOOD, end=""))
    assert len(list(services.read_lines(exhibit, by=liaison, why=WHY))) == 3


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({**GOOD[0], "at": "2026-03-06T22:12:00"}, "line 2, at"),
        ({**GOOD[0], "at": "yesterday"}, "line 2, at"),
        ({**GOOD[0], "speaker": ""}, "line 2, speaker"),
        ({**GOOD[0], "text": 5}, "line 2, text"),
        ({**GOOD[0], "mood": "bad"}, "line 2, mood"),
        ({**GOOD[0], "attachments": [{"sha256": "a" * 64}]}, "line 2, attachments 1"),
        ({**GOOD[0], "attachments": [{"name": "a", "sha256": "A" * 64}]}, "line 2, attachments 1"),
        ("{", "line 2"),
        ("[]", "line 2"),
        ("", "line 2"),
        ('{"speaker": "a", "speaker": "b", "at": "2026-03-06T22:12:00Z", "text": ""}', "line 2"),
        ("[" * 100_000, "line 2"),
    ],
)
def test_an_error_names_the_line_and_the_field(
    store: Path, case: Case, liaison: User, line: Any, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        take_in(case, liaison, written([GOOD[0], line, GOOD[1]]))
    assert refused.value.field == field
    assert (objects(store), Exhibit.objects.count()) == ([], 0)


def test_all_that_is_wrong_is_said_at_once(store: Path, case: Case, liaison: User) -> None:
    wrong = [{**GOOD[0], "at": "soon"}, GOOD[1], {**GOOD[0], "speaker": 1, "text": 2}]
    with pytest.raises(InvalidInput) as refused:
        take_in(case, liaison, written(wrong))
    assert [each.field for each in refused.value.errors] == ["line 1, at", "line 3, speaker", "line 3, text"]


def test_nothing_and_a_line_without_end_are_refused(store: Path, case: Case, liaison: User) -> None:
    for content in (b"", b"x" * 600_000):
        with pytest.raises(InvalidInput):
            take_in(case, liaison, content)
    assert objects(store) == []


def test_what_is_no_transcript_has_no_lines(store: Path, exhibit: Exhibit, liaison: User) -> None:
    with pytest.raises(NotFound):
        services.read_lines(exhibit, by=liaison, why=WHY)
