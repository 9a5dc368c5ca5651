"""Characters that nobody sees: found, passed over in comparing, and shown to whoever reads evidence."""

from hypothesis import given
from hypothesis import strategies as st

from coordination.access import markup
from coordination.core.unseen import has_unseen, is_unseen, without_unseen

RTL, ZERO, SOFT = "\u202e", "\u200b", "\u00ad"


def test_what_nobody_sees_is_found_and_line_ends_are_not() -> None:
    assert all(map(is_unseen, (RTL, ZERO, SOFT, "\ufeff", "\u2066", "\u3164", "\x07", "\U000e0041")))
    assert not any(map(is_unseen, "aä\n\r\t шا漢😀"))


@given(st.text())
def test_a_text_without_them_keeps_everything_else(text: str) -> None:
    plain = without_unseen(text)
    assert not has_unseen(plain)
    assert plain == "".join(each for each in text if not is_unseen(each))


def test_a_page_shows_that_they_are_there_and_isolates_the_direction() -> None:
    shown = markup.seen(f"pay{RTL}txt{ZERO}.exe")
    assert shown.startswith('<bdi dir="auto">')
    assert 'title="U+202E RIGHT-TO-LEFT OVERRIDE">U+202E</span>' in shown
    assert 'title="U+200B ZERO WIDTH SPACE">U+200B</span>' in shown
    assert RTL not in shown
    assert ZERO not in shown


def test_an_emoji_of_several_parts_is_left_alone() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f\u200d\U0001f525"
    assert markup.seen(family) == f'<bdi dir="auto">{family}</bdi>'


@given(st.text())
def test_what_is_shown_cannot_become_markup(text: str) -> None:
    shown = markup.seen(text)
    assert "<script" not in shown
    assert not any(is_unseen(each) and each not in "\ufe0e\ufe0f\u200d" for each in shown)
