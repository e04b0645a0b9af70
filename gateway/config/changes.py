"""What is different between two configurations, key by key, as the audit trail keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Stands for a key that is not there.
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One key whose value is another one; None where there is no such key."""

    path: str
    old: Any = None
    new: Any = None


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return every difference, in the order of the paths; lists are compared as a whole.

    Both are configurations as `loading.redacted` returns them: what is secret is not in them.
    """
    found: list[Change] = []
    _compare("", old, new, found)
    return sorted(found, key=lambda one: one.path)


def _compare(path: str, old: Any, new: Any, found: list[Change]) -> None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            inner = f"{path}.{key}" if path else str(key)
            _compare(inner, old.get(key, _ABSENT), new.get(key, _ABSENT), found)
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        found.append(Change(path, _shown(old), _shown(new)))


def _shown(value: Any) -> Any:
    return None if value is _ABSENT else value
