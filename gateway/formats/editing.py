"""Changing single lines of a ``format.yaml``, every other byte as it was: comments, order, line ends.

Each change is proved: the new text must say exactly what the old one said, but for what was to change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gateway import documents
from gateway.errors import FormatError

if TYPE_CHECKING:
    from gateway.documents import Document
    from gateway.formats.definition import Version

Data = dict[str, Any]


def as_released(raw: bytes, file: str) -> bytes:
    """Return the text of a draft with the status released; ``file`` is its name in errors.

    Raises FormatError where the status does not stand on one line as ``status: draft``.
    """
    changed = _with_value(raw, documents.parse(raw, file), "status", "draft", "released")
    _demand(changed, file, raw, lambda data: data.update(status="released"))
    return changed


def as_next(raw: bytes, file: str, version: Version) -> bytes:
    """Return the text of a version as the draft of ``version``, without effective dates.

    Raises FormatError where `version`, `status` or `effective` are not written on lines of their own.
    """
    document = documents.parse(raw, file)
    changed = _with_value(raw, document, "version", str(document.data["version"]), str(version))
    if document.data["status"] != "draft":
        changed = _with_value(changed, document, "status", str(document.data["status"]), "draft")
    if "effective" in document.data:
        changed = _without_block(changed, document, "effective")

    def change(data: Data) -> None:
        data.update(version=str(version), status="draft")
        data.pop("effective", None)

    _demand(changed, file, raw, change)
    return changed


def _with_value(raw: bytes, document: Document, key: str, old: str, new: str) -> bytes:
    """Return ``raw`` with another value on the line of a top-level ``key``; lines keep their numbers."""
    lines = raw.splitlines(keepends=True)
    number = document.position((key,))[0] or 0
    pattern = rb"""((["']?)%b\2[ \t]*:[ \t]*(["']?))%b(\3[ \t,}#\r\n].*|\3)""" % (
        key.encode(),
        re.escape(old.encode()),
    )
    found = re.search(pattern, lines[number - 1], re.DOTALL) if number else None
    if found is None:
        raise _by_hand(document.file, f"`{key}: {old}` does not stand on one line")
    line = lines[number - 1]
    lines[number - 1] = line[: found.end(1)] + new.encode() + line[found.start(4) :]
    return b"".join(lines)


def _without_block(raw: bytes, document: Document, key: str) -> bytes:
    """Return ``raw`` without a top-level ``key`` and the lines of what it holds."""
    own = [line for path, (line, _column) in document.positions.items() if path[:1] == (key,)]
    lines = raw.splitlines(keepends=True)
    return b"".join(lines[: min(own) - 1] + lines[max(own) :])


def _demand(changed: bytes, file: str, raw: bytes, change: Callable[[Data], None]) -> None:
    """Raise FormatError unless ``changed`` says what ``raw`` says after ``change``."""
    wanted: Data = dict(documents.parse(raw, file).data)
    change(wanted)
    try:
        found: Mapping[str, Any] | None = documents.parse(changed, file).data
    except documents.DocumentError:
        found = None
    if found != wanted:
        raise _by_hand(file, "its lines cannot be changed one by one")


def _by_hand(file: str, why: str) -> FormatError:
    return FormatError("The definition cannot be edited", where=file, hint=f"{why}: change it by hand")
