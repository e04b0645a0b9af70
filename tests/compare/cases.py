"""One small pair of definitions for each kind of change, with the verdicts it must have.

A case changes a base definition of one physical kind: ``old`` and ``new`` are YAML that is merged into
it, mapping by mapping; ``~`` takes a key away, and a mapping with ``$whole`` stands for the one it meets.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gateway.formats import loading
from tests.compare.case_table import BASES, TABLE

if TYPE_CHECKING:
    from gateway.formats.definition import Format


@dataclass(frozen=True, slots=True)
class Case:
    """Two versions that differ in one way, and what a comparison has to say of it."""

    kind: str  #: the kind of change that must be reported
    physical: str  #: the base: ``delimited``, ``headed``, ``fixed-width``, ``xml``, ``json``, ``lines``
    old: str  #: YAML merged into the base
    new: str
    old_under_new: str  #: a verdict
    new_under_old: str
    path: str

    @property
    def name(self) -> str:
        """What a test calls the case."""
        return f"{self.kind}-{self.physical}-{self.path}"

    def definitions(self) -> tuple[Format, Format]:
        """Return the old version, 1.0.0, and the new one, 1.1.0."""
        return _build(self.physical, self.old, "1.0.0"), _build(self.physical, self.new, "1.1.0")


def merged(base: Any, change: Any) -> Any:
    """Return ``base`` with ``change`` merged into it."""
    if not isinstance(change, dict) or not isinstance(base, dict):
        return _bare(change)
    if "$whole" in change:
        return {key: _bare(value) for key, value in change.items() if key != "$whole"}
    result = {key: value for key, value in base.items() if key not in change or change[key] is not None}
    for key, value in change.items():
        if value is not None:
            result[key] = merged(result.get(key), value)
    return result


def _bare(change: Any) -> Any:
    if isinstance(change, dict):
        return {key: _bare(value) for key, value in change.items() if key != "$whole"}
    return change


def definition_data(physical: str, change: str, version: str) -> dict[str, Any]:
    """Return the data of ``format.yaml``: the base ``physical`` with ``change``, as ``version``."""
    data: dict[str, Any] = merged(yaml.safe_load(BASES[physical]), yaml.safe_load(change) or {})
    return {**data, "version": version}


def _build(physical: str, change: str, version: str) -> Format:
    built = loading.build(definition_data(physical, change, version), Path("nowhere"), "")
    return dataclasses.replace(built, directory=None)


def _case(row: str) -> Case:
    kind, physical, verdicts, path, old, new = (part.strip() for part in row.split("|", 5))
    forward, _, back = verdicts.partition("/")
    return Case(kind, physical, old, new, forward, back, path)


CASES: tuple[Case, ...] = tuple(_case(row) for row in TABLE)
