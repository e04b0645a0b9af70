"""Every record of the log in one form: lines for people, or JSON for programs.

What stood in a file or its name is data: nothing of it ends a line or reaches a terminal as a control
character, and no line grows without bound.
"""

from __future__ import annotations

import abc
import contextlib
import json
import logging
import math
import os
import threading
import traceback
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, TextIO

from gateway.events import EVENTS, MEANINGS
from gateway.printable import printable

#: Characters of one value, of one item of a list, and items of a list; the rest is counted.
_LONGEST, _LONGEST_ITEM, _MOST = 2000, 400, 50
#: Fields that stand on lines of their own, or at the end of the line.
_BELOW, _LAST = ("details", "traceback"), ("error", "reason", "text")
#: Fields that say nothing to a person where they are 0.
_COUNTS = frozenset({"taken", "processed", "failed", "duplicate", "held", "waiting", "problems", "bytes"})
#: sd-daemon(3): by these a journal knows how grave a line is.
_PRIORITIES = ((logging.ERROR, "<3>"), (logging.WARNING, "<4>"), (logging.INFO, "<6>"), (0, "<7>"))
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"), (0, "debug"))


@dataclass(frozen=True, slots=True)
class _Said:
    """A record, made safe: texts are printable, lists of texts are tuples."""

    moment: datetime
    level: int
    event: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def configure(form: str, stream: TextIO, zone: str = "UTC") -> None:
    """Write every record to ``stream`` from now on: as ``text`` in the time of ``zone``, or as ``json``.

    Of the gateway's own records all that inform, of others those that warn. Called again, it replaces
    what it did before. Where ``stream`` is a journal, each line begins with its priority.
    """
    handler = _Handler(stream)
    with_priority = _is_journal(stream)
    handler.setFormatter(_Json(with_priority) if form == "json" else _Text(with_priority, _zone(zone)))
    root = logging.getLogger()
    for other in list(root.handlers):
        if isinstance(other, _Handler):
            root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("gateway").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    threading.excepthook = _died


class _Handler(logging.StreamHandler[TextIO]):
    """Writes records; a log that cannot be written stops nothing."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - named by the library
        """Leave it: there is no place left where it could be said."""


class _Form(logging.Formatter, abc.ABC):
    """A record as one text, each line of it with its priority if a journal reads it."""

    def __init__(self, with_priority: bool) -> None:
        super().__init__()
        self._with_priority = with_priority

    def format(self, record: logging.LogRecord) -> str:
        lines = self.lines(_said(record))
        before = _named(record.levelno, _PRIORITIES) if self._with_priority else ""
        return "\n".join(before + line for line in lines)

    @abc.abstractmethod
    def lines(self, said: _Said) -> list[str]:
        """Return the lines of one record."""


class _Json(_Form):
    """One object on one line; times in UTC."""

    def lines(self, said: _Said) -> list[str]:
        data = {"time": _utc(said.moment), "level": _named(said.level, _LEVELS), "event": said.event}
        values = {
            name: _utc(value) if isinstance(value, datetime) else value for name, value in said.fields.items()
        }
        return [json.dumps(data | values, ensure_ascii=False, allow_nan=False)]


class _Text(_Form):
    """One line for people, with the words last; lists below it, indented."""

    def __init__(self, with_priority: bool, zone: tzinfo) -> None:
        super().__init__(with_priority)
        self._zone = zone

    def lines(self, said: _Said) -> list[str]:
        level = _named(said.level, _LEVELS)
        words = [self._moment(said.moment), f"{level.upper() if said.level > logging.INFO else level:7}"]
        words.append(said.event)
        words += [
            f"{name}={self._value(value)}"
            for name, value in said.fields.items()
            if name not in _LAST + _BELOW and not (name in _COUNTS and value == 0)
        ]
        last = [str(said.fields[name]) for name in _LAST if name in said.fields]
        below = [line for name in _BELOW for line in said.fields.get(name, ())]
        return [": ".join([" ".join(words), *last]), *(f"    {line}" for line in below)]

    def _moment(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).isoformat(sep=" ", timespec="seconds")

    def _value(self, value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            value = self._moment(value)
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        is_plain = text and not any(char in ' "=' for char in text)
        return text if is_plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said(record: logging.LogRecord) -> _Said:
    """Return what a record says, whoever wrote it."""
    moment = datetime.fromtimestamp(record.created, UTC)
    name = getattr(record, "event", None)
    given = dict(getattr(record, "fields", {})) if name in EVENTS else {}
    if name not in EVENTS:
        own = record.name.split(".")[0] == "gateway"
        name = "internal-error" if own and record.exc_info else "message"
        given = {"logger": record.name, "text": _message(record)}
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        given["error"] = f"{type(error).__name__}: {error}"
        given["traceback"] = [
            line for part in traceback.format_tb(error.__traceback__) for line in part.rstrip().splitlines()
        ][-_MOST:]
    order = [*MEANINGS, *given]
    fields = {key: _safe(given[key]) for key in sorted(given, key=order.index) if given[key] is not None}
    return _Said(moment, record.levelno, str(name), fields)


def _message(record: logging.LogRecord) -> str:
    # a library that gives the wrong number of values must not cost the line
    with contextlib.suppress(Exception):
        return record.getMessage()
    return str(record.msg)


def _safe(value: Any) -> Any:
    """Return a value of a field as it may be shown; what is not known is shown as text."""
    if isinstance(value, bool | int | datetime):
        return value
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else str(value)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        items = list(value)
        rest = [f"and {len(items) - _MOST:,} more"] if len(items) > _MOST else []
        return tuple(_cut(str(item), _LONGEST_ITEM) for item in items[:_MOST]) + tuple(rest)
    return _cut(str(value), _LONGEST)


def _cut(text: str, longest: int) -> str:
    # cut before and after: what is escaped is several times as long
    shown = printable(text[:longest])
    if len(text) <= longest and len(shown) <= longest:
        return shown
    return f"{shown[:longest]}... ({len(text):,} characters)"


def _utc(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, exact to the microsecond."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _named(level: int, names: Iterable[tuple[int, str]]) -> str:
    return next(name for least, name in names if level >= least)


def _zone(name: str) -> tzinfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _is_journal(stream: TextIO) -> bool:
    """Whether ``stream`` leads into systemd's journal, by ``JOURNAL_STREAM`` (systemd.exec(5))."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        found = os.fstat(stream.fileno())
        return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
    return False


def _died(args: threading.ExceptHookArgs) -> None:
    """Log what ended a thread, in the form of everything else."""
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread else "a thread"
    error = (args.exc_type, args.exc_value, args.exc_traceback)
    logging.getLogger("gateway").error("%s has ended", name, exc_info=error)
