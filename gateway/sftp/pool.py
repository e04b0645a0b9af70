"""The sessions of a site: opened on demand, lent to one thread at a time, closed when idle.

Nothing here imports the SSH library before a session is asked for.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.config.settings import Server
from gateway.errors import ConfigurationError, GatewayError, ServerError, ServerUnreachable
from gateway.sftp.line import cut, has_ended, place

if TYPE_CHECKING:
    import socket

    import paramiko

    from gateway.sftp.base import Session

#: Seconds without use after which a session is asked whether it still works before it is lent.
_PROBE_AFTER = 5.0


@dataclass(slots=True, eq=False)
class _Kept:
    """One place for a session: free, being opened, lent or idle."""

    owner: int = 0  #: thread that has it
    line: socket.socket | None = None
    transport: paramiko.Transport | None = None
    session: Session | None = None
    used: float = 0.0  #: when it came back


@dataclass(slots=True)
class _Desk:
    """What is known of the sessions with one server."""

    server: Server
    idle: list[_Kept] = field(default_factory=list)  #: the one that came back last at the end
    lent: list[_Kept] = field(default_factory=list)
    waiting: deque[threading.Event] = field(default_factory=deque)  #: first come, first served


class Pool:
    """Sessions with ``servers``; safe to share between threads.

    A thread waits ``wait_seconds`` for a session where all are lent.
    """

    def __init__(self, servers: Sequence[Server], *, wait_seconds: float = 300.0) -> None:
        self._desks = {server.name: _Desk(server) for server in servers}
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._ended = False
        self._closings = 0

    @contextlib.contextmanager
    def session(self, server: str) -> Iterator[Session]:
        """Lend a session with the server of that name to this thread.

        One that broke inside the block is closed, another one is kept for the next. Raises
        ServerError where all stay lent, and whatever opening one raises.
        """
        desk = self._desks.get(server)
        if desk is None:
            raise ConfigurationError(f"There is no server {server!r}")
        kept = self._take(desk)
        before = self._closings
        is_whole = False
        try:
            session = self._working(desk, kept)
            try:
                yield session
                is_whole = True
            except GatewayError as error:
                # any other exception may have left requests of which nobody knows the answer
                is_whole = not isinstance(error, ServerUnreachable)
                raise
        finally:
            self._give_back(desk, kept, keep=is_whole and before == self._closings)

    def interrupt(self) -> None:
        """Break every session that is lent, and lend no more."""
        with self._lock:
            self._ended = True
            for desk in self._desks.values():
                for kept in desk.lent:
                    if kept.line is not None:
                        cut(kept.line)
                for event in desk.waiting:
                    event.set()

    def close(self) -> None:
        """Close every session that is not lent; one that is lent is closed when it comes back."""
        with self._lock:
            self._closings += 1
        self._close_where(lambda _desk, _kept: True)

    def close_idle(self) -> None:
        """Close the sessions that nobody has used for as long as their servers' settings say."""
        now = time.monotonic()
        self._close_where(lambda desk, kept: now - kept.used >= desk.server.idle_seconds)

    def _close_where(self, is_over: Callable[[_Desk, _Kept], bool]) -> None:
        with self._lock:
            over = [(desk, one) for desk in self._desks.values() for one in desk.idle if is_over(desk, one)]
            for desk, kept in over:
                desk.idle.remove(kept)
        for _desk, kept in over:
            _end(kept)

    def _take(self, desk: _Desk) -> _Kept:
        """Return an idle session, or a place for a new one, waiting for it in turn."""
        self.close_idle()
        turn = threading.Event()
        deadline = time.monotonic() + self._wait_seconds
        with self._lock:
            desk.waiting.append(turn)
            try:
                while not (self._ended or (desk.waiting[0] is turn and _has_room(desk))):
                    self._wait(desk, turn, deadline)
                if self._ended:
                    raise ServerUnreachable("The gateway stops", where=place(desk.server))
                kept = desk.idle.pop() if desk.idle else _Kept()
                kept.owner = threading.get_ident()
                desk.lent.append(kept)
                return kept
            finally:
                desk.waiting.remove(turn)
                _call_next(desk)

    def _wait(self, desk: _Desk, turn: threading.Event, deadline: float) -> None:
        """Wait, with the lock given up, for something to change; raises ServerError after too long."""
        me = threading.get_ident()
        left = deadline - time.monotonic()
        # a thread that holds them all would wait for itself
        all_mine = len(desk.lent) >= desk.server.sessions and all(kept.owner == me for kept in desk.lent)
        if left <= 0 or all_mine:
            count = len(desk.lent)
            raise ServerError(
                f"All {count} sessions with the server stayed in use"
                if count > 1
                else "The session is in use",
                where=place(desk.server),
                hint=f"Raise `sessions` of the server {desk.server.name}, if the partner allows more",
            )
        self._lock.release()
        try:
            turn.wait(left)
        finally:
            self._lock.acquire()
            turn.clear()

    def _working(self, desk: _Desk, kept: _Kept) -> Session:
        """Return the session of a place: the one that is kept there if it still works, else a new one."""
        if kept.session is not None and _stands(kept):
            if time.monotonic() - kept.used < _PROBE_AFTER:
                return kept.session
            with contextlib.suppress(ServerError):
                kept.session.resolve(".")
                return kept.session
        _end(kept)
        return self._open(desk.server, kept)

    def _open(self, server: Server, kept: _Kept) -> Session:
        from gateway.sftp.client import open_session
        from gateway.sftp.transport import open_transport

        def opened(line: socket.socket) -> None:
            with self._lock:
                kept.line = line
                if self._ended:
                    raise ServerUnreachable("The gateway stops", where=place(server))

        kept.transport = open_transport(server, opened)
        kept.session = open_session(kept.transport, server)
        return kept.session

    def _give_back(self, desk: _Desk, kept: _Kept, *, keep: bool) -> None:
        is_whole = keep and _stands(kept)
        if not is_whole:
            _end(kept)
        kept.used = time.monotonic()
        with self._lock:
            desk.lent.remove(kept)
            if is_whole:
                desk.idle.append(kept)
            _call_next(desk)


def _has_room(desk: _Desk) -> bool:
    return bool(desk.idle) or len(desk.lent) < desk.server.sessions


def _stands(kept: _Kept) -> bool:
    """Whether there is a connection that has not ended, as far as this machine knows."""
    if kept.transport is None or kept.line is None:
        return False
    return kept.transport.is_active() and not has_ended(kept.line)


def _call_next(desk: _Desk) -> None:
    if desk.waiting and _has_room(desk):
        desk.waiting[0].set()


def _end(kept: _Kept) -> None:
    """Close the session of a place, if there is one; its thread and descriptor are gone after that."""
    if kept.transport is not None:
        from gateway.sftp.transport import dispose

        dispose(kept.transport)
    kept.line = kept.transport = kept.session = None
