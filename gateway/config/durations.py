"""Durations that a calendar can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.config.notation import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.documents import Document
    from gateway.model import Problem

#: A century: dates that lie further ahead cannot be written.
LONGEST_DURATION = "36500d"


def check_durations(
    document: Document,
    place: tuple[str | int, ...],
    data: dict[str, Any],
    keys: tuple[str, ...],
    longest: str = LONGEST_DURATION,
) -> Iterator[Problem]:
    """Yield a problem for each of ``keys`` of ``data`` whose duration is longer than ``longest``."""
    for key in keys:
        if data[key] is not None and seconds(data[key]) > seconds(longest):
            yield document.problem((*place, key), "it is too long", data[key], f"at most {longest}")
