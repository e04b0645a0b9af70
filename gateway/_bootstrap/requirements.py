"""What the project needs, read from pyproject.toml, and what of it this Python lacks."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

_NAME = re.compile(r"([A-Za-z0-9._-]+?)(?:\[[^\]]*\])?(?=[<>=!~ ;]|\Z)")
_BOUND = re.compile(r"(>=|<)\s*([0-9]+(?:\.[0-9]+)*)")


def lacking(checkout: Path, extra: str | None) -> list[str]:
    """Return the requirements of the project in ``checkout`` that this Python does not meet."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    if extra is not None:
        wanted += project["optional-dependencies"][extra]
    return [one for one in wanted if not is_met(one)]


def is_met(requirement: str) -> bool:
    """Return whether a requirement such as ``pandera[polars]>=0.35`` is installed here."""
    match = _NAME.match(requirement)
    if match is None:
        raise ValueError(f"{requirement!r} is no requirement")
    try:
        installed = _numbers(importlib.metadata.version(match[1]))
    except importlib.metadata.PackageNotFoundError:
        return False
    return all(
        (installed >= _numbers(bound)) if operator == ">=" else (installed < _numbers(bound))
        for operator, bound in _BOUND.findall(requirement)
    )


def _numbers(version: str) -> tuple[int, ...]:
    """Return the release numbers of ``version``, without zeros at the end: 2.1.0rc1 is (2, 1)."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
