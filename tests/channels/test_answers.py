"""An answer reads the same however its bytes arrive, and whatever came behind it answers no other request."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordination.channels.answers import HeadTooLarge, Incoming, NotHttp

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nfound"


def _fed(*parts: bytes, largest: int = 100) -> Incoming:
    incoming = Incoming(largest)
    for each in parts:
        if not incoming.ended:
            incoming.feed(each)
    return incoming


@given(st.lists(st.integers(1, len(WHOLE) - 1), max_size=8))
def test_wherever_it_is_cut_it_reads_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(WHOLE)]
    parts = [WHOLE[start:end] for start, end in pairwise(edges)]
    read = _fed(*parts)
    assert (read.status, read.headers, bytes(read.body)) == (
        200,
        {"content-length": "5", "x-one": "1"},
        b"found",
    )
    assert (read.ended, read.reusable) == (True, True)


@given(st.binary(max_size=400))
def test_no_bytes_break_anything_else(data: bytes) -> None:
    for before in (b"", b"HTTP/1.1 200 OK\r\n", WHOLE[:-5]):
        incoming = Incoming(100)
        try:
            incoming.feed(before + data) if before + data else None
            if not incoming.ended:
                incoming.feed(b"")
        except (NotHttp, HeadTooLarge):
            continue
        assert incoming.ended


@pytest.mark.parametrize("more", [b"HTTP/1.1 200 OK\r\n\r\n", b"H", b"\x00", b"nonsense\r\n"])
def test_a_connection_on_which_more_came_is_not_used_again(more: bytes) -> None:
    read = _fed(WHOLE + more)
    assert (read.status, bytes(read.body), read.reusable) == (200, b"found", False)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_nor_one_that_the_partner_ends(answer: bytes) -> None:
    read = _fed(answer)
    assert (read.ended, read.reusable) == (True, False)


def test_a_body_beyond_the_cap_ends_the_reading() -> None:
    read = _fed(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 200)
    assert (read.ended, read.truncated, read.reusable) == (True, True, False)
