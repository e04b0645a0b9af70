r"""How values stand in the ledger: times, texts and JSON in one exact written form each.

* A time is UTC with microseconds and ``Z``, always 27 characters, so that text order is time order.
* JSON is canonical: keys sorted, no spaces, UTF-8. Lone surrogates (bytes of a name that are not
  UTF-8) stand as ``\udcXX`` escapes, because UTF-8 has no bytes for them.
* A text that a database cannot hold (lone surrogates, NUL) stands as ``json:"..."``; every other
  one stands as it is. So any text comes back exactly as it was.
"""

from __future__ import annotations

import enum
import functools
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_MARK = 'json:"'
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def time_text(moment: datetime) -> str:
    """Return ``moment`` as ``2026-11-22T16:41:00.123456Z``; ValueError for a naive datetime."""
    if moment.tzinfo is UTC:  # nearly every one, and most of them are written more than once
        return _utc_text(moment)
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {moment.isoformat()}")
    # not kept: in other zones two moments an hour apart may be equal
    return _utc_text.__wrapped__(moment.astimezone(UTC))


@functools.lru_cache(maxsize=1024)
def _utc_text(moment: datetime) -> str:
    return moment.isoformat("T", "microseconds").removesuffix("+00:00") + "Z"


@functools.lru_cache(maxsize=1024)
def text_time(text: str) -> datetime:
    """Return the moment that ``time_text`` wrote; ValueError for any other form."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"not a time of the ledger: {text!r}")
    return datetime.fromisoformat(text)


def canonical_json(value: Any) -> str:
    """Return ``value`` as canonical JSON; ValueError or TypeError for what JSON cannot say."""
    text = _ENCODER.encode(value)
    if text.isascii() or not _SURROGATE.search(text):
        return text
    # Joining pairs changes how keys sort, so the text is read and written once more. Surrogates
    # occur inside strings only, where the escape means the same character.
    return _SURROGATE.sub(_escape, _ENCODER.encode(json.loads(_paired(text))))


def _paired(text: str) -> str:
    """Join surrogates that make up one character, as every reader of JSON does."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"


def _plain(value: object) -> object:
    """Say in JSON what audit entries and summaries hold besides plain data."""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Decimal | os.PathLike):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


# One encoder for all calls: building one for each costs more than encoding a small value.
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
)


def exact_text(value: str) -> str:
    """Return ``value`` in the form in which every database can hold it."""
    if value.isascii() and "\0" not in value and not value.startswith(_MARK):  # nearly every one
        return value
    if value.startswith(_MARK) or _UNWRITABLE.search(value):
        return "json:" + json.dumps(_paired(value))
    return value


def exact_texts(values: Sequence[str]) -> Sequence[str]:
    """Return each of ``values`` as `exact_text` does; most often all stand as they are."""
    together = "".join(values)
    if together.isascii() and "\0" not in together and _MARK not in together:
        return values
    return [exact_text(value) for value in values]


def original_text(stored: str) -> str:
    """Return the text that ``exact_text`` wrote; ValueError if it cannot have written ``stored``."""
    if not stored.startswith(_MARK):
        return stored
    return str(json.loads(stored.removeprefix("json:")))
