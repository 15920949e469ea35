"""Where an HTTP/1.1 response ends: what a proxy has to know that hands on whole responses only."""

from __future__ import annotations

from typing import Final

__all__ = ["response_length"]

_HEAD_END: Final = b"\r\n\r\n"
_CRLF: Final = b"\r\n"
_NO_CONTENT: Final = frozenset({b"204", b"304"})


def response_length(data: bytes | bytearray, *, head_request: bool = False) -> int | None:
    """The length in bytes of the first response in the data, or None while it is not whole (RFC 9112, section 6.3).

    A response that has neither a length nor chunks ends with its connection, so it is never whole.
    """
    end = data.find(_HEAD_END)
    if end < 0:
        return None
    start = end + len(_HEAD_END)
    lines = bytes(data[:end]).split(_CRLF)
    status = lines[0].split(b" ")[1] if b" " in lines[0] else b""
    if head_request or status.startswith(b"1") or status in _NO_CONTENT:
        return start
    fields = {
        name.strip().lower(): value.strip().lower() for name, _, value in (line.partition(b":") for line in lines)
    }
    if fields.get(b"transfer-encoding") == b"chunked":
        return _chunks_end(data, start)
    length = fields.get(b"content-length", b"")
    if length.isdigit():
        whole = start + int(length)
        return whole if len(data) >= whole else None
    return None


def _chunks_end(data: bytes | bytearray, position: int) -> int | None:
    while True:
        line_end = data.find(_CRLF, position)
        if line_end < 0:
            return None
        size = int(bytes(data[position:line_end]).partition(b";")[0], 16)
        position = line_end + len(_CRLF) + size + len(_CRLF)
        if len(data) < position:
            return None
        if size == 0:
            return position
