"""One answer as it comes in. The parser is llhttp, which Node.js uses too: strict about what is HTTP."""

from typing import Final

import httptools

LARGEST_HEAD: Final = 64 * 1024
MOST_FIELDS: Final = 100
INTERIM: Final = range(100, 200)
SWITCHED: Final = 101


class NotHttp(Exception):
    """What came is not the whole of an HTTP/1 answer."""


class HeadTooLarge(Exception):
    """The headers do not end."""


class Incoming:
    """Feed it until it has `ended`. Interim answers (RFC 9110, section 15.2) are passed over.

    Names of headers are in lower case, the last of several of a name counts; trailers are left out. Of the
    body no more than `largest` bytes and one read are kept.
    """

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.ended = False
        self.truncated = False
        self._in_head = True
        self._head_bytes = self._fields = 0
        self._keeps_alive = False
        self._more = False  # bytes came behind the end of the answer
        self._parser = httptools.HttpResponseParser(self)

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request."""
        return self._keeps_alive and not self.truncated and not self._more

    def feed(self, data: bytes) -> None:
        """Take what was read, empty at the end of the connection. Raises NotHttp or HeadTooLarge."""
        if not data:
            self._end_of_connection()
            return
        before = self._in_head
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.ended:
                raise NotHttp from error
            self._more = True
        if before and self._in_head:
            self._head_bytes += len(data)
        if self._head_bytes > LARGEST_HEAD or self._fields > MOST_FIELDS:
            raise HeadTooLarge
        if len(self.body) > self.largest:
            self.ended = self.truncated = True

    def _end_of_connection(self) -> None:
        # Without a length the end of the connection is the end of the body (RFC 9112, section 6.3).
        sized = {"content-length", "transfer-encoding"} & self.headers.keys()
        if self._in_head or sized:
            raise NotHttp
        self.ended = True

    def on_message_begin(self) -> None:
        """Called by the parser: another answer starts."""
        self._more = self.ended

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self._fields += 1
        if self._in_head and not self.ended:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        if self.ended:
            return
        self.status = self._parser.get_status_code()
        self._in_head = self.status in INTERIM and self.status != SWITCHED

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        if not self.ended:
            self.body += data

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self.ended:
            return
        if self._in_head:
            self.headers.clear()
            return
        self.ended = True
        self._keeps_alive = self._parser.should_keep_alive()
