"""An incoming request: kept until it is complete, then read by gunicorn's parser in place of the socket.

This module only finds where a request ends. gunicorn judges whether it is well formed: if the two disagree about the
end, its parser meets the end of the data and gives up, and never waits for a client.
"""

from __future__ import annotations

import re
from tempfile import SpooledTemporaryFile

BODY_LIMIT = 25 * 1024 * 1024  # bytes; Jira delivers nothing larger
HEAD_LIMIT = 64 * 1024
MEMORY = 64 * 1024  # bytes of a request that are kept in memory; a longer one goes to disk
_FRAMES = 1024 * 1024  # bytes that the framing of a chunked body may take in addition to the body
_CHUNKS = 100_000  # chunks in a body; senders use a few thousand for the largest one
_CHUNK_LINE = 8190
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FIELDS = re.compile(rb"\n(content-length|transfer-encoding|expect)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_HTTP_1_0 = re.compile(rb"[^\n]* HTTP/1\.0\r?\n")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")


class IncomingRequest:
    """What a client has sent since the end of its last request."""

    def __init__(self, folder: str | None = None) -> None:
        self._file = SpooledTemporaryFile(MEMORY, dir=folder)  # noqa: SIM115 # closed by `close`
        self._head = bytearray()
        self._body: _Sized | _Chunked | None = None
        self.size = 0
        self.awaits_continue = False

    @property
    def whole(self) -> bool:
        """Whether all of it is there, or as much as will be read."""
        return self._body is not None and self._body.done

    @property
    def cut(self) -> bool:
        """Whether more is coming than will be read, so that the start of the next request is unknown."""
        return self._body is not None and self._body.cut

    @property
    def body_size(self) -> int | None:
        """The body's size in bytes: as announced, or what has come of a chunked one; None while the head is coming."""
        return None if self._body is None else self._body.size

    @property
    def head_too_long(self) -> bool:
        """Whether the head has not ended within the limit."""
        return self._body is None and self.size > HEAD_LIMIT

    @property
    def on_disk(self) -> bool:
        """Whether it is too long to be kept in memory."""
        return self.size > MEMORY

    def feed(self, data: bytes) -> None:
        """Take what has come. Raises OSError when it cannot be kept."""
        self._file.write(data)
        self.size += len(data)
        if self._body is None:
            self._head += data
            self._look_for_body(self.size - len(data))
        else:
            self._body.feed(data)
        if self.whole:
            self._file.seek(0)

    def recv(self, size: int) -> bytes:
        """Read for gunicorn's parser, like a socket that is closed after the request."""
        return self._file.read(size)

    def rest(self) -> bytes:
        """Return what the parser has not read: the beginning of the next request."""
        return self._file.read()

    def close(self) -> None:
        """Delete what was kept of it."""
        self._file.close()

    def _look_for_body(self, known: int) -> None:
        end = _HEAD_END.search(self._head, max(0, known - 3))
        if end is None:
            return
        fields = {name.lower(): value for name, value in _FIELDS.findall(self._head, 0, end.start() + 1)}
        self._body = _Chunked() if b"transfer-encoding" in fields else _Sized(fields.get(b"content-length", b""))
        self._body.feed(self._head[end.end() :])
        expected = b"expect" in fields and not _HTTP_1_0.match(self._head)
        self.awaits_continue = expected and not self._body.done
        self._head.clear()


class _Sized:
    """A body whose length is in the head."""

    def __init__(self, told: bytes) -> None:
        self.size = int(told) if _LENGTH.fullmatch(told) else 0  # gunicorn refuses a malformed length
        self.cut = self.size > BODY_LIMIT
        self._left = self.size

    @property
    def done(self) -> bool:
        return self._left <= 0 or self.cut

    def feed(self, data: bytes | bytearray) -> None:
        self._left -= len(data)


class _Chunked:
    """A body that comes in chunks; `size` is the number of bytes that have come, framing included."""

    def __init__(self) -> None:
        self.size = 0
        self.done = False
        self.cut = False
        self._skip = 0  # bytes of the chunk that are still to come, including the line break after it
        self._line = b""
        self._chunks = 0
        self._last = False

    def feed(self, data: bytes | bytearray) -> None:
        self.size += len(data)
        place = 0
        while place < len(data) and not self.done:
            if self._skip:
                step = min(self._skip, len(data) - place)
                self._skip -= step
                place += step
                continue
            end = data.find(b"\n", place)
            self._line += data[place : end if end >= 0 else len(data)]
            place = end + 1 if end >= 0 else len(data)
            if end >= 0:
                self._read_line()
        if self.size > BODY_LIMIT + _FRAMES or self._chunks > _CHUNKS or len(self._line) > _CHUNK_LINE:
            self.done = self.cut = True

    def _read_line(self) -> None:
        """Read a chunk's size or a trailer; anything else ends the reading, and gunicorn refuses the body."""
        line, self._line = self._line.strip(), b""
        if self._last:
            self.done = not line
            return
        size = _CHUNK_SIZE.match(line)
        if size is None:
            self.done = self.cut = True
            return
        length = int(size[0], 16)
        self._chunks += 1
        self._last = length == 0
        self._skip = length + 2 if length else 0
