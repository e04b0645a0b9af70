"""Doing a step for many items, each with an error of its own: one that fails keeps no other from going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.errors import GatewayError

_Item = TypeVar("_Item")


def each(items: Sequence[_Item], errors: list[GatewayError | None], step: Callable[[_Item], None]) -> None:
    """Do ``step`` for each item without an error yet, and note in ``errors`` what it raises."""
    for number, item in enumerate(items):
        if errors[number] is None:
            try:
                step(item)
            except GatewayError as error:
                errors[number] = error
