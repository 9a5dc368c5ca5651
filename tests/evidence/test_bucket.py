"""Exhibits in object storage: the same promises as on disk, against a server that speaks S3."""

import io
import random
import resource
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.files.storage import storages

from coordination.access.services import User
from coordination.cases.models import Case, Task
from coordination.core import clock
from coordination.evidence import sealed, services
from coordination.evidence.errors import ExhibitBroken, StoreFailed
from coordination.evidence.models import CustodyEvent, Exhibit, Keeping
from coordination.evidence.services import store as objects
from tests.exhibits import PHOTO_TEXT, WHY
from tests.threads import at_once

pytest.importorskip("storages", reason="the extra s3 is not installed (pip install coordination[s3])")
pytest.importorskip("boto3", reason="the extra s3 is not installed (pip install coordination[s3])")
moto = pytest.importorskip("moto.server", reason="moto and flask, which play the store, are not installed")

BUCKET = "exhibits"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server that speaks S3, on loopback."""
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty bucket of its own, where the store of exhibits leads."""
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    found = boto3.resource("s3", endpoint_url=endpoint).Bucket(BUCKET)
    found.create()
    found.objects.all().delete()
    settings.STORAGES = _stores(endpoint)
    return found


def _stores(endpoint: str) -> dict[str, Any]:
    options = {"bucket_name": BUCKET, "endpoint_url": endpoint, "default_acl": "private"}
    backend = {"BACKEND": "coordination.evidence.bucket.ExhibitBucket", "OPTIONS": options}
    return {**configured.STORAGES, "evidence": backend}


def _keep(case: Case, by: User, content: bytes = PHOTO_TEXT) -> Exhibit:
    file = io.BytesIO(content)
    exhibit, _ = services.take_in(case.reference, by=by, content=file, filename="chat.txt", why=WHY)
    return exhibit


def _nothing(bucket: Any) -> bool:
    counts = [each.objects.count() for each in (Exhibit, Keeping, CustodyEvent)]
    return not list(bucket.objects.all()) and counts == [0, 0, 0]


@pytest.mark.parametrize("size", [1, sealed.CHUNK, 20_000_000])
def test_what_goes_in_comes_out_and_lies_there_sealed(
    size: int, bucket: Any, case: Case, liaison: User, counsel: User
) -> None:
    content = random.Random(size).randbytes(size)
    exhibit = _keep(case, liaison, content)
    assert b"".join(services.view(exhibit, by=counsel, why=WHY)) == content
    (there,) = bucket.objects.all()
    assert there.key == objects.path_of(exhibit.blob)
    assert there.get()["Body"].read(4) == b"CEX1"


def test_a_name_is_taken_once_whoever_writes(bucket: Any, case: Case, liaison: User, counsel: User) -> None:
    exhibit = _keep(case, liaison)
    for size in (10, 20_000_000):
        sealing = sealed.Sealing(io.BytesIO(bytes(size)), key=sealed.new_key(), record="another")
        with pytest.raises(StoreFailed):
            objects.put(exhibit.blob, sealing)
    assert b"".join(services.view(exhibit, by=counsel, why=WHY)) == PHOTO_TEXT


def test_of_two_who_write_one_name_at_once_one_is_refused(bucket: Any) -> None:
    def write(letter: bytes) -> str:
        return str(storages["evidence"].save("aa/one", io.BytesIO(letter * 1000)))

    results = at_once(lambda: write(b"a"), lambda: write(b"b"))
    assert sorted(type(each).__name__ for each in results) == ["FileExistsError", "str"]
    (there,) = bucket.objects.all()
    assert there.get()["Body"].read() in {b"a" * 1000, b"b" * 1000}


def test_a_store_that_is_away_is_refused_in_our_words_and_nothing_counts(
    bucket: Any, case: Case, liaison: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    settings.STORAGES = _stores("http://127.0.0.1:9")
    with pytest.raises(StoreFailed):
        _keep(case, liaison)
    assert _nothing(bucket)
    assert Task.objects.filter(kind="no_room", state="open").exists()


def test_a_bucket_that_is_not_there_is_said_so(bucket: Any, case: Case, liaison: User) -> None:
    bucket.delete()
    with pytest.raises(StoreFailed):
        _keep(case, liaison)
    bucket.create()
    assert _nothing(bucket)


def test_content_that_breaks_off_in_the_middle_leaves_no_object(
    bucket: Any, case: Case, liaison: User
) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 12_000_000:
                raise OSError("the line is dead")
            return super().read(size)

    for content in (Breaks(bytes(20_000_000)),):
        with pytest.raises(StoreFailed):
            services.take_in(case.reference, by=liaison, content=content, filename="a", why=WHY)
    assert _nothing(bucket)
    uploads = bucket.meta.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    assert uploads == []


def test_an_object_that_went_or_was_changed_is_found(
    bucket: Any, case: Case, liaison: User, counsel: User
) -> None:
    exhibit = _keep(case, liaison)
    (there,) = bucket.objects.all()
    raw = bytearray(there.get()["Body"].read())
    raw[-1] ^= 1
    bucket.put_object(Key=there.key, Body=bytes(raw))
    with pytest.raises(ExhibitBroken):
        services.reverify(exhibit, by=counsel, why=WHY)
    there.delete()
    with pytest.raises(ExhibitBroken, match="not in the store"):
        services.reverify(exhibit, by=counsel, why=WHY)


@pytest.mark.django_db(transaction=True)
def test_expiry_deletes_the_object_and_the_sweep_what_a_crash_left(
    bucket: Any, case: Case, liaison: User, counsel: User
) -> None:
    exhibit = _keep(case, liaison)
    kept = _keep(case, liaison, b"another")
    services.erase(exhibit, by=counsel, why="Erasure under Art. 17 GDPR.")
    bucket.put_object(Key="ff/left-behind", Body=b"of a crash")
    assert services.sweep() == 0
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert services.sweep() == 1
    assert [each.key for each in bucket.objects.all()] == [objects.path_of(kept.blob)]


def test_a_large_object_is_written_and_read_in_bounded_memory(
    bucket: Any, case: Case, liaison: User, counsel: User
) -> None:
    """The server keeps objects in memory and in this process: so what is measured is the reading alone."""
    exhibit = _keep(case, liaison, random.Random(3).randbytes(60_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = sum(len(piece) for piece in services.view(exhibit, by=counsel, why=WHY))
    assert size == 60_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "KiB"
