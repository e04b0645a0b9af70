"""Has this file, or one of its records, been accepted before?

The interchange key comes first: the same key with the same bytes is a resend, with other bytes
a conflict, whatever else agrees. Without a key the bytes identify the file: the same bytes under
the same name are a resend. What is left with the same bytes is a copy, and so is whatever has the
bytes of a file on another route, where keys mean something else. Files without any bytes are all
alike and never copies of each other. A transfer that an operator sends again is none of these with
respect to itself.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.model import Finding, Identity, Severity, Transfer
from gateway.printable import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Verdict(enum.Enum):
    """How a file relates to those accepted before."""

    FRESH = "fresh"
    RESEND = "resend"  #: same interchange key, same bytes
    CONFLICT = "conflict"  #: same interchange key, different bytes
    COPY = "copy"  #: same bytes, different key or name
    RECORD_DUPLICATE = "record-duplicate"  #: a record key seen before in another file


class Action(enum.Enum):
    """What a route does with a duplicate."""

    FAIL = "fail"
    SET_ASIDE = "set-aside"
    NOTE = "accept-and-note"


@dataclass(frozen=True, slots=True)
class DuplicatePolicy:
    """What each verdict means on a route. A conflict can be failed or set aside, never accepted."""

    resend: Action = Action.SET_ASIDE
    conflict: Action = Action.FAIL
    copy: Action = Action.FAIL
    record_duplicate: Action = Action.FAIL
    retention_days: int = 3650

    def __post_init__(self) -> None:
        """Refuse to accept conflicts; raises ValueError."""
        if self.conflict is Action.NOTE:
            raise ValueError("a conflict can be failed or set aside, never accepted")


@dataclass(frozen=True, slots=True)
class Known:
    """A transfer that was accepted before: delivered, being delivered, or held."""

    transfer: str
    name: str
    sha256: str
    interchange_key: str | None = None
    elsewhere: bool = False  #: on another route, where keys and names mean something else


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a file relates to those accepted before, and to which of them."""

    verdict: Verdict
    of: Known | None = None


_FRESH = Judgement(Verdict.FRESH)
_CODES = {Verdict.RESEND: "F701", Verdict.CONFLICT: "F702", Verdict.COPY: "F703"}
_WORDS = {
    Verdict.RESEND: "The same message with the same bytes",
    Verdict.CONFLICT: "A message with the same key but other bytes",
    Verdict.COPY: "A file with the same bytes",
}


def known(row: Transfer, identity: Identity) -> Known:
    """Return what later files are compared with when ``row`` is accepted."""
    return Known(row.id, identity.name, identity.sha256, identity.interchange_key)


def judge(candidate: Identity, earlier: Sequence[Known], lineage: Collection[str] = ()) -> Judgement:
    """Return the verdict on ``candidate`` against the ``earlier`` transfers, oldest first.

    ``lineage`` are transfers that never count: the candidate's own on a reprocess, and the
    parents that it corrects.
    """
    others = [each for each in earlier if each.transfer not in lineage]
    for verdict, fits in _TESTS:
        first = next((each for each in others if fits(candidate, each)), None)
        if first is not None:
            return Judgement(verdict, first)
    return _FRESH


def _is_resend(candidate: Identity, other: Known) -> bool:
    if candidate.sha256 != other.sha256 or other.elsewhere:
        return False
    if candidate.interchange_key and other.interchange_key:
        return candidate.interchange_key == other.interchange_key
    return candidate.name == other.name and candidate.sha256 != _EMPTY_SHA256


def _is_conflict(candidate: Identity, other: Known) -> bool:
    same_key = bool(candidate.interchange_key) and candidate.interchange_key == other.interchange_key
    return same_key and candidate.sha256 != other.sha256 and not other.elsewhere


def _is_copy(candidate: Identity, other: Known) -> bool:
    return candidate.sha256 == other.sha256 != _EMPTY_SHA256


#: In order of precedence.
_TESTS = (
    (Verdict.RESEND, _is_resend),
    (Verdict.CONFLICT, _is_conflict),
    (Verdict.COPY, _is_copy),
)


def action(policy: DuplicatePolicy, verdict: Verdict) -> Action | None:
    """Return what the route does with ``verdict``; None for a fresh file."""
    return {
        Verdict.FRESH: None,
        Verdict.RESEND: policy.resend,
        Verdict.CONFLICT: policy.conflict,
        Verdict.COPY: policy.copy,
        Verdict.RECORD_DUPLICATE: policy.record_duplicate,
    }[verdict]


def explain(judgement: Judgement, severity: Severity = Severity.ERROR) -> Finding:
    """Return the finding that says what the file repeats.

    Raises ValueError for a fresh file, KeyError for a record duplicate: that finding names rows.
    """
    if judgement.of is None:
        raise ValueError("a fresh file repeats nothing")
    of = f"{printable(judgement.of.name)}, transfer {judgement.of.transfer}"
    message = f"{_WORDS[judgement.verdict]} was accepted before: {of}"
    value = judgement.of.interchange_key
    return finding(_CODES[judgement.verdict], message, value=value, severity=severity)
