"""What a file's name says: shell patterns for choosing, regular expressions for reading."""

from __future__ import annotations

import fnmatch
import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Named groups of a name pattern that mean something to the gateway.
GROUPS = ("sender", "control", "previous", "message_id", "version", "date")


def matches_shell(pattern: str, name: str) -> bool:
    """Return whether the whole ``name`` has the shell ``pattern`` (``*.csv``), case counting."""
    return fnmatch.fnmatchcase(name, pattern)


def matches_any(patterns: Iterable[str], name: str) -> str | None:
    """Return the first of the shell ``patterns`` that ``name`` has; None if it has none."""
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(name, pattern)), None)


def match(pattern: str, name: str) -> dict[str, str] | None:
    """Return the named groups of the regular expression ``pattern``; None if ``name`` does not match.

    The whole name must match. Groups that took no part are left out. Raises re.error for a
    pattern that does not compile; the configuration and the formats are checked for that.
    """
    found = compiled(pattern).fullmatch(name)
    if found is None:
        return None
    return {group: text for group, text in found.groupdict().items() if text is not None}


@functools.lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the compiled ``pattern``; raises re.error where it is wrong."""
    return re.compile(pattern)


def split_extension(name: str) -> tuple[str, str]:
    """Return stem and extension with its dot; a leading dot does not begin an extension."""
    head, dot, tail = name.rpartition(".")
    if not dot or not head.strip("."):
        return name, ""
    return head, dot + tail
