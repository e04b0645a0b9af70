"""The environment that holds the libraries: where it is, whether it is whole, how it is made.

It is built in place and becomes valid by its stamp, which is written last. A lock, held by pip too,
lets only one start build at a time; what an interrupted start left behind is cleared and built anew.
An environment that somebody else made is never touched.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway._bootstrap import pip
from gateway._bootstrap.words import say
from gateway.errors import InstallationError

_STAMP = "gateway-environment.json"
_LOCK = "gateway-environment.lock"


@dataclass(frozen=True, slots=True)
class Environment:
    """One directory with an interpreter and, once it is whole, the libraries of ``checkout``."""

    directory: Path
    checkout: Path

    @property
    def python(self) -> Path:
        """Return its interpreter."""
        return self.directory / "bin" / "python"

    def stamp(self) -> dict[str, Any]:
        """Return what is known of the environment; empty where the gateway did not make it."""
        try:
            text = (self.directory / _STAMP).read_text(encoding="utf-8")
            stamp = json.loads(text)
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def is_whole(self) -> bool:
        """Return whether it was finished, for this place of the checkout and this Python."""
        stamp = self.stamp()
        finished = stamp.get("ready") is True and self.python.exists()
        return finished and _identity(self.checkout).items() <= stamp.items()

    def is_ready(self, extra: str | None) -> bool:
        """Return whether it holds what the project now asks for, with ``extra``."""
        stamp = self.stamp()
        current = self.is_whole() and stamp.get("digest") == _digest(self.checkout)
        return current and (extra is None or extra in stamp["extras"])

    def can_be_built(self) -> bool:
        """Return whether the directory is free or the gateway's own, and may be written."""
        if not os.path.lexists(self.directory):
            above = next(each for each in self.directory.parents if os.path.lexists(each))
            return os.access(above, os.W_OK | os.X_OK)
        if not self.directory.is_dir() or not os.access(self.directory, os.W_OK | os.X_OK):
            return False
        # one that still works for another Python is left to that Python
        others = self.stamp().get("python") not in (None, _python()) and self.python.exists()
        return not others and (bool(self.stamp()) or not _contents(self.directory))


def provide(checkout: Path, extra: str | None) -> Path:
    """Return the directory of an environment with the libraries of ``checkout``; makes it if needed.

    Raises InstallationError where it cannot be made.
    """
    places = [Environment(directory, checkout) for directory in _places(checkout)]
    for place in places:
        if place.is_ready(extra):
            return place.directory
    chosen = next((place for place in places if place.can_be_built()), None)
    if chosen is None:
        raise InstallationError(
            f"There is no place for the libraries: neither {places[0].directory} nor"
            f" {places[1].directory} is free and can be written",
            hint="Set XDG_CACHE_HOME to a directory that can be written",
        )
    try:
        with _locked(chosen):
            if not chosen.is_ready(extra):
                _build(chosen, extra)
    except OSError as error:
        hint = "Make room and start again" if error.errno == errno.ENOSPC else None
        raise InstallationError(
            "The environment cannot be written", where=str(chosen.directory), cause=error, hint=hint
        ) from error
    return chosen.directory


def _places(checkout: Path) -> tuple[Path, Path]:
    """Return where the environment may be: in the checkout, else in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    known = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:12]
    return checkout / ".venv", Path(cache, "plant-gateway", f"{known}-{_python()}")


def _build(environment: Environment, extra: str | None) -> None:
    """Make the environment, or bring it up to date; the stamp says so at the end."""
    updated = environment.is_whole()
    before = environment.stamp()["extras"] if updated else []
    extras = sorted({*before, *([extra] if extra else [])})
    doing = "bringing up to date" if updated else "first start, installing"
    say(f"{doing} the libraries in {environment.directory} (about a minute)")
    stamp = {**_identity(environment.checkout), "digest": _digest(environment.checkout), "extras": extras}
    if not updated:
        _clear(environment.directory)
    _write_stamp(environment, {**stamp, "ready": False})
    base = os.path.realpath(sys.executable)
    if not updated:
        pip.make(base, environment.directory)
    pip.install(base, environment.directory, environment.checkout, extras)
    _write_stamp(environment, {**stamp, "ready": True})
    say("ready")


@contextlib.contextmanager
def _locked(environment: Environment) -> Iterator[None]:
    """Hold the environment's lock; the operating system frees it however this process ends."""
    environment.directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(environment.directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another start is installing the libraries in {environment.directory}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        # pip inherits it: if this process is killed, nobody clears the directory under a running pip
        os.set_inheritable(lock, True)
        yield
    finally:
        os.close(lock)


def _clear(directory: Path) -> None:
    for name in _contents(directory):
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _contents(directory: Path) -> list[str]:
    return [name for name in os.listdir(directory) if name != _LOCK]


def _write_stamp(environment: Environment, stamp: dict[str, Any]) -> None:
    temporary = environment.directory / f"{_STAMP}.new"
    temporary.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    temporary.replace(environment.directory / _STAMP)


def _identity(checkout: Path) -> dict[str, str]:
    """Return what makes an environment useless when it differs: scripts and links name both."""
    return {"checkout": str(checkout), "python": _python()}


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _digest(checkout: Path) -> str:
    return hashlib.sha256((checkout / "pyproject.toml").read_bytes()).hexdigest()
