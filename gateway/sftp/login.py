"""Logging in: the ways that the configuration names, one after the other, as far as the server wants."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import paramiko

from gateway.config.settings import Login, Server
from gateway.errors import LoginRefused, ServerUnreachable
from gateway.printable import printable
from gateway.sftp.keys import agent_keys, certify, private_key
from gateway.sftp.line import place


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to show who the gateway is."""

    method: str  #: as SSH calls it
    shown: str  #: in words, without any secret
    go: Callable[[paramiko.Transport, str], list[str]]  #: returns the methods that are wanted besides


@dataclass(slots=True)
class _Course:
    """How a login went so far."""

    tried: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    wanted: Sequence[str] | None = None  #: methods that the server takes now; None: it has not said

    @property
    def said(self) -> str:
        """What the server said, in words."""
        parts = [f"accepted {', '.join(self.passed)} and wants more"] if self.passed else []
        parts += [f"refused {', '.join(self.tried)}"] if self.tried else []
        wanted = printable(", ".join(self.wanted or ())[:200])
        return "; ".join([*parts, *([f"it takes {wanted}"] if wanted else [])])


def log_in(transport: paramiko.Transport, server: Server) -> None:
    """Log in on a connection whose host key is trusted.

    Raises LoginRefused where the server does not want any of the ways, or one cannot be gone;
    ServerUnreachable where the connection breaks or the server does not answer.
    """
    course = _Course()
    with contextlib.closing(_ways(server)) as ways:
        for way in ways:
            # a password is given once: tries are counted, and the next question may be for something else
            is_known = way.shown in course.tried or way.shown in course.passed
            if is_known or (course.wanted is not None and way.method not in course.wanted):
                continue
            if _goes(transport, server, way, course):
                return
    raise LoginRefused(
        f"The server does not let {server.user!r} in: it {course.said or 'was shown nothing'}",
        where=place(server),
        hint=_hint(course),
    )


def _goes(transport: paramiko.Transport, server: Server, way: _Way, course: _Course) -> bool:
    """Go one way; return whether the gateway is in now."""
    try:
        more = way.go(transport, server.user)
    except paramiko.BadAuthenticationType as error:
        course.wanted = error.allowed_types
    except paramiko.AuthenticationException as error:
        _demand_line(transport, server, way, course, error)
        course.tried.append(way.shown)
    except (paramiko.SSHException, OSError) as error:
        # an agent that does not sign must not keep the other ways from being gone
        if not transport.is_active():
            raise
        course.tried.append(f"{way.shown} (it could not be used: {printable(str(error))})")
    else:
        if transport.is_authenticated():
            return True
        course.passed.append(way.shown)
        course.wanted = more
    return False


def _demand_line(
    transport: paramiko.Transport, server: Server, way: _Way, course: _Course, error: Exception
) -> None:
    """Raise where not the login was refused, but the server ended the connection or said nothing."""
    if not transport.is_active():
        raise ServerUnreachable(
            f"The server closed the connection while {server.user!r} logged in with {way.shown}"
            f"{'; before, it ' + course.said if course.said else ''}",
            where=place(server),
            hint="It may have counted too many tries (an agent with many keys), or the account's home is"
            " not as the server wants it: its log says which",
        ) from error
    if "timeout" in str(error).lower():
        raise ServerUnreachable(
            f"The server did not answer the login in {server.connect_seconds:g} s", where=place(server)
        ) from error


def _hint(course: _Course) -> str:
    if not course.said:
        return "Give the login a key, an agent or a password; `gateway config check` names missing secrets"
    if course.passed:
        return "It wants more than one proof; the gateway has no person's second factor: ask for a key alone"
    return "Ask the partner whether the account is there, not locked, and has the gateway's key"


def _ways(server: Server) -> Generator[_Way, None, None]:
    """Yield the ways of the configuration; keys are read when their turn comes."""
    login = server.login
    if login.key is not None:
        yield _by_key(login.key, login)
    if login.agent:
        with agent_keys(server.connect_seconds) as keys:
            for key in keys:
                name = f"the agent's key {printable(getattr(key, 'comment', '') or key.get_name())}"
                yield _Way("publickey", name, partial(_show_key, key=key))
    if login.password is not None:
        yield _Way("password", "the password", partial(_give_password, password=login.password.text))
        yield _Way(
            "keyboard-interactive", "the password", partial(_answer_questions, password=login.password.text)
        )


def _by_key(path: Path, login: Login) -> _Way:
    key = private_key(path, login.passphrase)
    shown = f"the key {printable(path.name)} ({key.get_name()} {key.fingerprint})"
    if login.certificate is not None:
        expires = certify(key, login.certificate)
        over = expires is not None and expires < datetime.now(UTC)
        shown += f" with a certificate{f' that expired on {expires:%Y-%m-%d %H:%M:%SZ}' if over else ''}"
    return _Way("publickey", shown, partial(_show_key, key=key))


def _show_key(transport: paramiko.Transport, user: str, key: paramiko.PKey) -> list[str]:
    return list(transport.auth_publickey(user, key))


def _give_password(transport: paramiko.Transport, user: str, password: str) -> list[str]:
    return list(transport.auth_password(user, password, fallback=False))


def _answer_questions(transport: paramiko.Transport, user: str, password: str) -> list[str]:
    """Give the password to the one hidden question that a server asks instead of taking it at once.

    Every other question (a code, a new password) gets an empty answer: the login then fails.
    """
    given = threading.Event()

    def answer(_title: str, _instructions: str, questions: list[tuple[str, bool]]) -> list[str]:
        if len(questions) == 1 and not questions[0][1] and not given.is_set():
            given.set()
            return [password]
        return ["" for _ in questions]

    return list(transport.auth_interactive(user, answer))
