"""Versions of formats: their numbers, their life, and ranges of them."""

from __future__ import annotations

import enum
import functools
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.errors import ConfigurationError


class Status(enum.Enum):
    """The life of a version."""

    DRAFT = "draft"
    RELEASED = "released"
    RETIRED = "retired"


@functools.total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version ``major.minor.patch``."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Return the version that ``text`` (``1.1.0``) names; ValueError if it names none."""
        match = re.fullmatch(r"(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,8})", text)
        if match is None:
            raise ValueError(f"{text!r} is not a version of the form major.minor.patch")
        return cls(*(int(part) for part in match.groups()))

    def __str__(self) -> str:
        """Return ``major.minor.patch``."""
        return f"{self.major}.{self.minor}.{self.patch}"

    def __lt__(self, other: Version) -> bool:
        """Order by major, minor, patch."""
        return (self.major, self.minor, self.patch) < (other.major, other.minor, other.patch)


_OPERATORS: dict[str, Callable[[Version, Version], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARISON = re.compile(r"\s*(>=|<=|==|!=|>|<|=)?\s*([0-9]{1,9}(?:\.[0-9]{1,9}){0,2})\s*")


@dataclass(frozen=True, slots=True)
class Range:
    """A set of versions: comparisons that must all hold."""

    text: str  #: as it was written
    comparisons: tuple[tuple[str, Version], ...]

    def accepts(self, version: Version) -> bool:
        """Return whether ``version`` is in the range."""
        return all(_OPERATORS[sign](version, bound) for sign, bound in self.comparisons)


def parse_range(text: str) -> Range:
    """Return the range that ``text`` describes, such as ``>=1.0.0,<2`` (``2`` means ``2.0.0``).

    A bare version is that version only. Raises ConfigurationError if a part cannot be read.
    """
    comparisons = []
    for part in text.split(","):
        match = _COMPARISON.fullmatch(part)
        if match is None:
            raise ConfigurationError(
                f"{part.strip()!r} in the version range {text!r} is not a comparison",
                hint="Write comparisons such as `>=1.0.0,<2` or one version such as `1.1.0`",
            )
        numbers = [int(number) for number in match[2].split(".")]
        bound = Version(*([*numbers, 0, 0])[:3])
        sign = match[1] or "=="
        comparisons.append(("==" if sign == "=" else sign, bound))
    return Range(text, tuple(comparisons))
