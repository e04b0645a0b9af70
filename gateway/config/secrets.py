"""Values that never stand in the configuration: from the environment or from a file.

A site can be known without them: on an engineer's desk, for `gateway config check` and for commands that
look only. What cannot be had is noted, and demanded where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from gateway.config.paths import absolute
from gateway.config.servers import Secret
from gateway.errors import SecretsMissing

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config.settings import Site
    from gateway.documents import Document
    from gateway.model import Problem

Place = tuple[str | int, ...]

#: A secret is a line, not a document.
_LARGEST = 64 * 1024
_TELLTALE = ("password", "passwd", "pwd", "secret", "token")
_ALLOWED = "{env: NAME} or {file: PATH}"
#: Where secrets stand; `*` is any name.
_PLACES = (
    ("site", "ledger"),
    ("servers", "*", "login", "passphrase"),
    ("servers", "*", "login", "password"),
    ("audit", "passphrase"),
    ("alerts", "channels", "*", "smtp", "password"),
    ("alerts", "channels", "*", "url"),
    ("alerts", "channels", "*", "headers", "*"),
)
#: Of these, where a text may stand that holds no secret.
_PERHAPS = ("ledger", "url")


class Secrets:
    """The values of one site, from ``environment`` and from files below ``directory``."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        """Nothing is read before it is asked for."""
        self._directory, self._environment = directory, environment
        self.missing: list[tuple[Place, str]] = []  #: where one stands that cannot be had, and why

    def get(self, value: str | Mapping[str, Any] | None, place: Place) -> Secret | None:
        """Return what ``value`` at ``place`` stands for: itself, ``{env: NAME}`` or ``{file: PATH}``.

        None for None, and for one that cannot be had, which is noted.
        """
        if value is None or isinstance(value, str):
            return None if value is None else Secret(value)
        try:
            return Secret(self._revealed(value))
        except _Unavailable as error:
            self.missing.append((place, str(error)))
            return None

    def _revealed(self, value: Mapping[str, Any]) -> str:
        if "env" in value:
            text = self._environment.get(value["env"], "")
            if not text:
                raise _Unavailable(f"the environment variable {value['env']} is not set")
            return text
        path = absolute(value["file"], self._directory)
        try:
            with path.open("rb") as file:
                text = file.read(_LARGEST).decode("utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            raise _Unavailable(f"{path} cannot be read: {why}") from None
        if not text:
            raise _Unavailable(f"{path} is empty")
        return text


class _Unavailable(Exception):
    """The secret cannot be had; the text says why and never what it is."""


def demand_secrets(site: Site, *places: str) -> None:
    """Raise SecretsMissing if a secret below one of ``places`` cannot be had; without any, anywhere.

    A place is a path of the configuration, such as ``servers.erp``.
    """
    missing = [
        one
        for one in site.missing_secrets
        if not places or any(one.path == place or one.path.startswith(f"{place}.") for place in places)
    ]
    if missing:
        where = missing[0].file
        raise SecretsMissing(
            where=where, hint="Set them for this account, or run it as the service does", problems=missing
        )


def literal_secrets(document: Document) -> list[Problem]:
    """Return a problem for every secret that stands in ``document`` itself, without showing it."""
    found = []
    for place, value in _standing(document.data):
        perhaps = place[-1] in _PERHAPS and isinstance(value, str)
        if perhaps and not holds_password(value):
            continue
        message = (
            "a password must not stand in the configuration"
            if perhaps
            else "a secret must not stand in the configuration"
        )
        found.append(document.problem(place, message, allowed=_ALLOWED))
    return found


def is_secret_place(path: str) -> bool:
    """Return whether ``path``, as problems write it, lies at or in a secret."""
    parts = path.split(".")
    return any(
        len(parts) >= len(place) and all(one in ("*", part) for one, part in zip(place, parts, strict=False))
        for place in _PLACES
    )


def _standing(data: Any) -> Iterator[tuple[Place, Any]]:
    """Yield whatever stands at the place of a secret and does not point to one, with the place."""
    for pattern in _PLACES:
        for place, value in _at(data, pattern, ()):
            if value is not None and not isinstance(value, Mapping):
                yield place, value


def _at(data: Any, pattern: tuple[str, ...], place: Place) -> Iterator[tuple[Place, Any]]:
    if not pattern:
        yield place, data
    elif isinstance(data, Mapping):
        for key in data if pattern[0] == "*" else [pattern[0]]:
            if key in data:
                yield from _at(data[key], pattern[1:], (*place, key))


def holds_password(url: str) -> bool:
    """Return whether ``url`` carries a password, or cannot be understood well enough to say no."""
    try:
        parts = urlsplit(url)
        query = [key.lower() for key, _value in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return True
    return parts.password is not None or any(word in key for key in query for word in _TELLTALE)
