"""What is checked on an XML document's bytes before the parser sees them.

The parser has limits of its own for depth (256) and text (10 MB). It has none for attributes,
whose cost is quadratic: an element with 100,000 of them takes a minute. The guard holds back
an unfinished tag until its end is there, so that no longer one reaches the parser. On the
way it notes the line of each start tag by name: the parser's own count is right for 65,535
lines only.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ATTRIBUTES = 256  #: of one element
MAX_TAG_BYTES = 1024 * 1024  #: of one start tag
MAX_MARKUP_BYTES = 12 * 1024 * 1024  #: of one comment, CDATA section or processing instruction
MAX_PROLOG_BYTES = 64 * 1024  #: before the root element

_WINDOW = 4096  # a tag shorter than this cannot hold harmfully many attributes
_SPECIAL = re.compile(rb"<!--|<!\[CDATA\[|<\?")
_ENDS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_TAG = re.compile(rb"<(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*>")
_ATTRIBUTE = re.compile(rb"=\s*[\"']")
_PROLOG = re.compile(rb"(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->))*", re.DOTALL)
_DECLARED = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


class LimitError(Exception):
    """The document is too large for safety in one respect; the text says which."""


class DoctypeError(Exception):
    """The document has a DOCTYPE."""


class Guard:
    """Lets a document's bytes (UTF-8) pass to the parser, whole tags at a time."""

    def __init__(self, names: Iterable[str]) -> None:
        """Note the lines of start tags whose local name is one of ``names``."""
        choice = "|".join(re.escape(name) for name in sorted(names)) or r"(?!)"
        self._named = re.compile(rf"<(?:[^\s<>/!?:]+:)?(?:{choice})(?=[\s/>])".encode())
        self._held = b""
        self.line = 1  #: reached
        self.lines: deque[int] = deque()  #: of the named start tags, in document order

    def release(self, piece: bytes, *, final: bool = False) -> bytes:
        """Return the bytes that may be parsed now; the rest waits for the next piece.

        Raises LimitError for a tag that is too long or has too many attributes.
        """
        data = self._held + piece
        end = self._examine(data)
        if final:
            end = len(data)
        self._held = data[end:]
        return data[:end]

    @property
    def is_waiting(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    def _examine(self, data: bytes) -> int:
        """Check ``data`` and return how much of it is whole."""
        position = 0
        while special := _SPECIAL.search(data, position):
            self._plain(data, position, special.start())
            close = data.find(_ENDS[special.group()], special.end())
            if close < 0:
                if len(data) - special.start() > MAX_MARKUP_BYTES:
                    raise LimitError("A comment or CDATA section is longer than 12 MiB.")
                return special.start()
            position = close + len(_ENDS[special.group()])
            self.line += data.count(b"\n", special.start(), position)
        end = self._whole(data, position)
        self._plain(data, position, end)
        return end

    def _whole(self, data: bytes, position: int) -> int:
        """Return the end of the last whole tag or text from ``position`` on."""
        last = data.rfind(b"<", position)
        if last < 0 or _TAG.match(data, last):
            return len(data)
        if len(data) - last > MAX_TAG_BYTES:
            raise LimitError("A tag is longer than 1 MiB.")
        return last

    def _plain(self, data: bytes, start: int, end: int) -> None:
        """Check tags and count lines in a stretch without comments and the like."""
        self._check_tags(data, start, end)
        last = start
        for match in self._named.finditer(data, start, end):
            self.line += data.count(b"\n", last, match.start())
            last = match.start()
            self.lines.append(self.line)
        self.line += data.count(b"\n", last, end)

    def _check_tags(self, data: bytes, start: int, end: int) -> None:
        """Look for long tags by leaping: only a stretch without ``<`` can be one."""
        position = data.find(b"<", start, end)
        while position >= 0:
            ahead = data.rfind(b"<", position + 1, min(end, position + 1 + _WINDOW))
            if ahead < 0:
                _check_tag(data, position, end)
                ahead = data.find(b"<", position + 1, end)
            position = ahead


def _check_tag(data: bytes, position: int, end: int) -> None:
    tag = _TAG.match(data, position, end)
    if tag and len(_ATTRIBUTE.findall(tag.group())) > MAX_ATTRIBUTES:
        raise LimitError(f"An element has more than {MAX_ATTRIBUTES} attributes.")


def check_prolog(head: bytes) -> bool:
    """Return whether ``head``, the document's first bytes, reaches the root element.

    Raises DoctypeError where a DOCTYPE stands before it, LimitError for an endless prolog.
    """
    prolog = _PROLOG.match(head)
    rest = head[prolog.end() :] if prolog else head
    if rest.startswith(b"<!DOCTYPE"):
        raise DoctypeError
    if re.match(rb"<[^!?]", rest) or (rest and not rest.startswith(b"<")):
        return True
    if len(head) > MAX_PROLOG_BYTES:
        raise LimitError("No root element within the first 64 KiB.")
    return False


def declared_encoding(head: bytes) -> str | None:
    """Return the encoding that the XML declaration names, None where it names none."""
    match = _DECLARED.match(head)
    return match.group(1).decode("ascii") if match else None
