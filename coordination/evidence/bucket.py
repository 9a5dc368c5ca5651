"""Exhibits in object storage (the extra `s3`): written once, streamed both ways, its errors ours.

What the store says goes out as the OSError that a disk would raise, so that all above knows one kind of
failure: FileExistsError for a name that is taken, FileNotFoundError for one that is not there.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

TAKEN: Final = frozenset({409, 412})
MISSING: Final = frozenset({404})
# A part of a multipart upload: there are 10,000 at most, so an object has up to 80 GB.
PART: Final = 8 * 1024 * 1024


class ExhibitBucket(S3Storage):  # type: ignore[misc]
    """A bucket of sealed objects. A name is taken once: the store itself refuses a second (If-None-Match)."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002
        """Return the name as it is: an object that stands there is an error, no reason to differ."""
        return name

    def _save(self, name: str, content: Any) -> str:
        """Write an object, whole or not at all. The library's own transfer cannot refuse a name."""
        at = {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}
        with _told(name):
            first = content.read(PART)
            if len(first) < PART:
                self._client.put_object(**at, Body=first, ACL=self.default_acl, IfNoneMatch="*")
            else:
                self._save_in_parts(at, first, content)
        return name

    def _save_in_parts(self, at: dict[str, str], first: bytes, content: Any) -> None:
        upload = {
            **at,
            "UploadId": self._client.create_multipart_upload(**at, ACL=self.default_acl)["UploadId"],
        }
        try:
            parts: list[dict[str, Any]] = []
            piece = first
            while piece:
                number = len(parts) + 1
                answer = self._client.upload_part(**upload, PartNumber=number, Body=piece)
                parts.append({"PartNumber": number, "ETag": answer["ETag"]})
                piece = content.read(PART)
            self._client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            # What could not be taken back either, a rule of the bucket for unfinished uploads ends.
            with suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**upload)
            raise

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    def _open(self, name: str, mode: str = "rb") -> Any:  # noqa: ARG002 - Django's signature
        """Return the object as a stream: of a large one only a piece is ever here."""
        with _told(name):
            return Stream(name, self.bucket.Object(self._normalize_name(name)).get()["Body"])

    def delete(self, name: str) -> None:
        """Delete an object; one that is not there is gone already."""
        with _told(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        """Tell whether there is such an object."""
        with _told(name):
            return bool(super().exists(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return folders and files."""
        with _told(path):
            folders, files = super().listdir(path)
            return folders, files

    def get_modified_time(self, name: str) -> datetime:
        """Return when an object was written."""
        with _told(name):
            when: datetime = super().get_modified_time(name)
            return when


class Stream:
    """An object that is read from the store piece by piece."""

    def __init__(self, name: str, body: Any) -> None:
        self.name, self._body = name, body

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; raise OSError where the connection breaks."""
        with _told(self.name):
            return bytes(self._body.read(None if size < 0 else size))

    def close(self) -> None:
        """Let the connection go."""
        self._body.close()

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Raise the OSError that says what the store said; it names no key and no secret of the connection."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _as_oserror(error, name) from error


def _as_oserror(error: Exception, name: str) -> OSError:
    status = 0
    if isinstance(error, ClientError):
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status in TAKEN:
        return FileExistsError(f"{name} is in the store already")
    if status in MISSING:
        return FileNotFoundError(f"{name} is not in the store")
    return OSError(f"the store failed: {type(error).__name__}" + (f", HTTP {status}" if status else ""))
