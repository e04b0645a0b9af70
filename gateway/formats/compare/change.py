"""One change between two versions of a format, and all of them together.

A verdict is about one direction: files that are valid under the writer's version, read under the
reader's. The definition: ``breaking`` means that at least one file valid under the writer's
version is refused by the reader's; ``silent`` that none is refused for this change and at least
one is read with another meaning, which is worse, for nobody notices.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.formats.compare.kinds import KINDS


@functools.total_ordering
class Verdict(enum.Enum):
    """What a change does to files of the writer's version; ordered, the worst last."""

    OK = "ok"  #: every such file is accepted and means the same
    REVIEW = "review"  #: a person has to look: neither harm nor harmlessness is proved
    BREAKING = "breaking"  #: at least one such file is refused
    SILENT = "silent"  #: accepted, and understood differently

    def __lt__(self, other: Verdict) -> bool:
        """Order by how bad it is: ok, review, breaking, silent."""
        order = list(Verdict)
        return order.index(self) < order.index(other)


class Direction(enum.Enum):
    """Whose files are read under whose version."""

    OLD_UNDER_NEW = "old-under-new"
    NEW_UNDER_OLD = "new-under-old"


@dataclass(frozen=True, slots=True)
class DemandedRow:
    """A row that a witness must have: raw texts by field of the writer's version; None: absent."""

    record_type: str
    texts: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Demand:
    """What a file valid under the writer's version must have so that it proves a verdict.

    The empty demand is: any valid file with at least one record of each type. Everything is
    said in the writer's terms.
    """

    rows: tuple[DemandedRow, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  #: exactly so many records of a type
    bom: bool | None = None
    line_end: str | None = None  #: ``lf``, ``crlf``, ``cr``; ``none``: records one right after the other
    final_line_end: bool | None = None
    trailing_delimiter: bool | None = None
    quoted: bool | None = None  #: every value stands in quotes
    stripped: bool | None = None  #: trailing blanks of fixed-width lines are taken off
    blank_line: bool | None = None  #: a blank line stands between two records
    extra: bool | None = None  #: a column, element or member that the writer's definition does not name
    file_name: str | None = None
    document: bytes | None = None  #: the whole file, where a schema's comparison made it


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict for one direction, the sentence that says why, and what proves it."""

    verdict: Verdict
    why: str
    demand: Demand | None = None  #: every ``breaking`` and ``silent`` judgement has one


@dataclass(frozen=True, slots=True)
class Change:
    """One change, with its verdict in both directions.

    ``old`` and ``new`` show what was and what is, as text; None where there is nothing.
    ``old_field`` and ``new_field`` are ``record_type.field`` (or ``record_type``) in either version, by
    which findings are traced back to the change.
    """

    kind: str  #: a name of ``kinds.KINDS``
    path: str  #: ``records.item.fields.quantity.decimals``, ``schema.xsd/QuantityValueType/DataType``
    old: str | None
    new: str | None
    old_under_new: Judgement
    new_under_old: Judgement
    old_field: str | None = None
    new_field: str | None = None

    @property
    def code(self) -> str:
        """The stable code of its kind, such as ``C402``."""
        return KINDS[self.kind].code

    @property
    def id(self) -> str:
        """What names the change inside its comparison, the same in every run."""
        return f"{self.code}:{self.path}"

    @property
    def worst(self) -> Verdict:
        """The worse of its two verdicts."""
        return max(self.old_under_new.verdict, self.new_under_old.verdict)

    def judgement(self, direction: Direction) -> Judgement:
        """Return the judgement for ``direction``."""
        return self.old_under_new if direction is Direction.OLD_UNDER_NEW else self.new_under_old

    def swapped(self) -> Change:
        """Return the change as the comparison of new with old has it."""
        return dataclasses.replace(
            self,
            kind=KINDS[self.kind].mirror,
            old=self.new,
            new=self.old,
            old_under_new=self.new_under_old,
            new_under_old=self.old_under_new,
            old_field=self.new_field,
            new_field=self.old_field,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes from one version to another, in the order of the definition."""

    message_type: str  #: of the new version; a schema's file name where schemas alone are compared
    old: str  #: ``confirmation 1.0.0``, or the path of what was compared
    new: str
    old_digest: str
    new_digest: str
    changes: tuple[Change, ...] = ()

    def fingerprint(self, change: Change) -> str:
        """Return the 16 hexadecimal digits by which ``change`` can be approved on record.

        It is SHA-256 over what changed between which versions: the same change between other
        versions, or another change at the same place, has another fingerprint.
        """
        import hashlib
        import json

        said: Any = [self.old, self.new, change.kind, change.path, change.old, change.new]
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def worst(self, direction: Direction) -> Verdict:
        """Return the worst verdict in ``direction``; OK where nothing changed."""
        return max((one.judgement(direction).verdict for one in self.changes), default=Verdict.OK)

    def counts(self, direction: Direction) -> dict[Verdict, int]:
        """Return how many changes have each verdict in ``direction``, the worst first."""
        verdicts = [one.judgement(direction).verdict for one in self.changes]
        return {verdict: verdicts.count(verdict) for verdict in sorted(Verdict, reverse=True)}


@dataclass(frozen=True, slots=True)
class Unread:
    """A version of two catalogues that was not compared, for it cannot be read."""

    name: str  #: ``stock 1.1.0``
    where: str  #: which catalogue has it: ``old``, ``new``, or ``old or new``
    problems: tuple[str, ...]  #: as lines, the first says it
