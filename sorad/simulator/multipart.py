"""``multipart/form-data`` read into fields."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any


@dataclass(frozen=True)
class File:
    """A file of a form."""

    name: str
    content_type: str
    data: bytes


def fields(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields by name; a part with a file name is a :class:`File`, several of one name are a list.

    Empty where it is no form.
    """
    boundary = _headers(b"Content-Type: " + content_type.encode("latin-1", "replace")).get_boundary()
    if not boundary:
        return {}
    found: dict[str, Any] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace"))[1:]:
        head, _blank, data = part.partition(b"\r\n\r\n")
        headers = _headers(head.lstrip())
        name = headers.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue  # the end mark, or a part without a name
        filename = headers.get_filename()
        if filename is None:
            value: str | File = data.decode("utf-8", "replace")
        else:
            value = File(filename, headers.get_content_type(), data)
        there = found.get(name, [])
        found[name] = [*(there if isinstance(there, list) else [there]), value] if name in found else value
    return found


def _headers(raw: bytes) -> Message:
    return BytesHeaderParser().parsebytes(raw + b"\r\n\r\n")
