"""The log of the service: one line per event, for people or for programs.

Lines go to the standard error stream, where journald or whoever started the service keeps them. Every
event has a stable name; docs/service.md lists the names and the keys.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from gateway.printable import portable_text, printable

#: A text longer than this is cut: a line is for reading.
_LONGEST = 2000


class Events:
    """Writes events to a stream; safe to share between threads, and never the cause of a failure."""

    def __init__(self, stream: TextIO, form: str = "text") -> None:
        """``form`` is ``text`` or ``json``."""
        self._stream = stream
        self._lock = threading.Lock()
        self.form = form

    def tell(self, event: str, *, level: str = "info", **facts: Any) -> None:
        """Write one event; facts that are None or empty are left out."""
        known = {key: value for key, value in facts.items() if value not in (None, "", (), [], {})}
        now = datetime.now(UTC)
        line = _json(now, level, event, known) if self.form == "json" else _text(now, level, event, known)
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()


def _stamp(now: datetime) -> str:
    return now.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _json(now: datetime, level: str, event: str, facts: Mapping[str, Any]) -> str:
    data = {
        "time": _stamp(now),
        "level": level,
        "event": event,
        **{key: _plain(one) for key, one in facts.items()},
    }
    return json.dumps(data, ensure_ascii=True)


def _text(now: datetime, level: str, event: str, facts: Mapping[str, Any]) -> str:
    words = [f"{key}={_word(_plain(value))}" for key, value in facts.items()]
    return " ".join([_stamp(now), f"{level.upper():7}", event, *words])


def _plain(value: Any) -> Any:
    """Return a fact as JSON has it; of a long text its beginning."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return _stamp(value.astimezone(UTC))
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    text = portable_text(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _word(value: Any) -> str:
    """Return a value as one word: quoted where it holds a blank or anything that does not print."""
    if isinstance(value, list):
        return ",".join(_word(one) for one in value)
    if isinstance(value, dict):
        return ",".join(f"{key}:{_word(one)}" for key, one in value.items())
    if isinstance(value, float):
        return f"{value:.3f}"
    text = printable(str(value))
    return json.dumps(text, ensure_ascii=False) if not text or any(char in text for char in ' "=,') else text


class Bridge(logging.Handler):
    """Takes what the parts of the gateway and its libraries log, as events called ``message``."""

    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one record."""
        with contextlib.suppress(Exception):  # a record that cannot be told must not stop who wrote it
            trace = None
            if record.exc_info:
                trace = logging.Formatter().formatException(record.exc_info)[-_LONGEST:]
            level = "error" if record.levelno >= logging.ERROR else record.levelname.lower()
            self._events.tell(
                "message", level=level, logger=record.name, text=record.getMessage(), trace=trace
            )


@contextlib.contextmanager
def bridged(events: Events) -> Iterator[None]:
    """Let the block's logging go into ``events``: of the gateway from INFO, of libraries from WARNING."""
    root, own = logging.getLogger(), logging.getLogger("gateway")
    bridge = Bridge(events)
    before = own.level
    root.addHandler(bridge)
    own.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(bridge)
        own.setLevel(before)
