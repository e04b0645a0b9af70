"""Values that never stand in the configuration: from the environment or from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from gateway.config.building import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: A secret is a line, not a document.
_LARGEST = 64 * 1024
_TELLTALE = ("password", "passwd", "pwd", "secret", "token")


class SecretMissing(Exception):
    """The secret cannot be had; the text says why and never what it is."""


def reveal(value: str | Mapping[str, Any], directory: Path, environment: Mapping[str, str]) -> str:
    """Return the text that ``value`` stands for: itself, ``{env: NAME}`` or ``{file: PATH}``.

    Raises SecretMissing.
    """
    if isinstance(value, str):
        return value
    if "env" in value:
        text = environment.get(value["env"], "")
        if not text:
            raise SecretMissing(f"the environment variable {value['env']} is not set")
        return text
    path = absolute(value["file"], directory)
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from None
    if not text:
        raise SecretMissing(f"{path} is empty")
    return text


def holds_password(url: str) -> bool:
    """Return whether ``url`` carries a password, or cannot be understood well enough to say no."""
    try:
        parts = urlsplit(url)
        query = [key.lower() for key, _value in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return True
    return parts.password is not None or any(word in key for key in query for word in _TELLTALE)
