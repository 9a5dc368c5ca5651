"""The sealed form: what was changed, moved, cut short or opened for another record does not open."""

import io
import random

import pytest

from coordination.evidence import sealed
from coordination.evidence.errors import ExhibitBroken
from coordination.evidence.sealed import CHUNK, MAGIC, TAG

KEY = bytes(range(32))
RECORD = "X-0000-0000/C-0000-0000/blob"
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK]


def seal(content: bytes, record: str = RECORD) -> bytes:
    return sealed.Sealing(io.BytesIO(content), key=KEY, record=record).read()


def unseal(ciphertext: bytes, *, key: bytes = KEY, record: str = RECORD) -> bytes:
    return b"".join(sealed.opened(io.BytesIO(ciphertext), key=key, record=record))


def three_chunks() -> list[bytes]:
    whole = seal(bytes(2 * CHUNK + 100))[len(MAGIC) :]
    return [whole[at : at + CHUNK + TAG] for at in range(0, len(whole), CHUNK + TAG)]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens(size: int) -> None:
    content = random.Random(size).randbytes(size)
    assert unseal(seal(content)) == content


@pytest.mark.parametrize("size", SIZES)
def test_it_is_read_in_pieces_of_any_size(size: int) -> None:
    sealing = sealed.Sealing(io.BytesIO(bytes(size)), key=KEY, record=RECORD)
    pieces = list(iter(lambda: sealing.read(70_001), b""))
    assert unseal(b"".join(pieces)) == bytes(size)
    assert sealing.size == size


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(ExhibitBroken):
        unseal(seal(b"secret"), key=bytes(32))


def test_it_does_not_open_for_another_record() -> None:
    with pytest.raises(ExhibitBroken):
        unseal(seal(b"secret"), record=RECORD.replace("C-0000", "C-0001"))


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_an_end_that_is_not_the_end_is_noticed(kept: int) -> None:
    with pytest.raises(ExhibitBroken):
        unseal(MAGIC + b"".join(three_chunks()[:kept]))


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 1), (0, 2), (0, 1, 2, 2), (0, 0, 1, 2)])
def test_a_chunk_that_moved_went_or_came_is_noticed(order: tuple[int, ...]) -> None:
    chunks = three_chunks()
    with pytest.raises(ExhibitBroken):
        unseal(MAGIC + b"".join(chunks[each] for each in order))


def test_the_whole_of_what_leaks_is_the_size() -> None:
    assert seal(bytes(CHUNK))[len(MAGIC) :][:64] != seal(bytes(CHUNK), "another record")[:64]
    assert b"Monday" not in seal(b"Monday" * 100)


@pytest.mark.parametrize("place", range(40))
def test_evd_01_a_flipped_bit_of_a_blob_is_noticed(place: int) -> None:
    bits = bytearray(seal(b"The school on Monday." * 10))
    at = random.Random(place).randrange(len(bits) * 8)
    bits[at // 8] ^= 1 << at % 8
    with pytest.raises(ExhibitBroken):
        unseal(bytes(bits))
