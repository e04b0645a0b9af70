"""Is a file complete? Decided from sightings and evidence, never from the sender's clock.

For each pass the edge lists the directory once (``Surroundings.of``), counts looks
(``look_again``), reads what ``needs`` asks for until it asks for nothing more, then calls
``assess``. ``share_companions`` at the end says which transfer takes a side file along.
A file under a temporary name is never taken; everything that is not taken has a reason.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.model import Arrival, Companion, Evidence, Finding, Sighting
from gateway.printable import printable
from gateway.rules.ages import age, seconds_seen
from gateway.rules.completeness_policy import CompletenessPolicy, ControlFilePolicy, EvidenceKind
from gateway.rules.evidence import Case, Contradiction, Facts, Lack, Proof, Result, examine
from gateway.rules.file_names import matches_any, matches_shell
from gateway.rules.side_files import ControlFile, ControlLine, parse_checksum_file, parse_control_file
from gateway.rules.surroundings import Role, Surroundings, belongs_to, control_names, role_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

__all__ = [
    "Case",
    "Complete",
    "CompletenessPolicy",
    "ControlFile",
    "ControlFilePolicy",
    "ControlLine",
    "Damaged",
    "EvidenceKind",
    "Fact",
    "Facts",
    "Need",
    "Outcome",
    "Refused",
    "Role",
    "SideFile",
    "Surroundings",
    "Waiting",
    "assess",
    "control_names",
    "look_again",
    "needs",
    "parse_checksum_file",
    "parse_control_file",
    "share_companions",
]

#: Evidence that is checked without reading anything; reading waits until it is there.
_CHEAP = (EvidenceKind.DONE_MARKER, EvidenceKind.RENAME, EvidenceKind.STABILITY, EvidenceKind.NONE)
#: Names that a reason lists.
_NAMED = 5


class Fact(enum.Enum):
    """What the edge may be asked to read."""

    CHECKSUM_TEXT = "checksum-text"  #: the text of the checksum file ``name``
    DIGEST = "digest"  #: the digest of the data file ``name`` by ``algorithm``
    ENDING = "ending"  #: whether the trailer of the data file ``name`` is there


@dataclass(frozen=True, slots=True)
class Need:
    """One fact to be read before a file can be assessed."""

    fact: Fact
    name: str
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class Complete:
    """Proved complete: it may be claimed, with its companions."""

    evidence: tuple[Evidence, ...]
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True, slots=True)
class Damaged:
    """Nothing changes any more and what was stated is still wrong: taken, and failed with ``finding``."""

    finding: Finding
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not taken now; ``overdue`` once it waits longer than the route finds normal.

    It ``stands`` where only another entry can change that, or the file's own change: until then, and until
    it is overdue, the same would come out, but for the age in the reason.
    """

    code: str
    reason: str
    overdue: bool = False
    stands: bool = field(default=False, compare=False)  #: follows from the rest


@dataclass(frozen=True, slots=True)
class SideFile:
    """No data of its own: it is about ``of`` and goes with them."""

    role: Role
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing the gateway ever takes: no regular file, or not readable."""

    finding: Finding


Outcome = Complete | Damaged | Waiting | SideFile | Refused


def look_again(
    earlier: Arrival | None, sighting: Sighting, monotonic: float, boot_id: str, now: datetime, route: str
) -> Arrival:
    """Return the arrival after one more look at a file.

    Looks are counted on the gateway's own clock (``monotonic``, seconds since the boot
    ``boot_id``): a new boot, or another size, mtime or inode, starts the count over.
    """
    unchanged = (
        earlier is not None
        and earlier.boot_id == boot_id
        and earlier.unchanged_since <= monotonic
        and (earlier.size, earlier.mtime_ns, earlier.inode)
        == (sighting.size, sighting.mtime_ns, sighting.inode)
    )
    return Arrival(
        route=route,
        name=sighting.name,
        first_seen_at=earlier.first_seen_at if earlier else now,
        last_seen_at=now,
        size=sighting.size,
        mtime_ns=sighting.mtime_ns,
        inode=sighting.inode,
        looks=earlier.looks + 1 if earlier and unchanged else 1,
        unchanged_since=earlier.unchanged_since if earlier and unchanged else monotonic,
        boot_id=boot_id,
        reason_code=earlier.reason_code if earlier else "F903",
        reason=earlier.reason if earlier else "seen for the first time",
    )


def needs(case: Case) -> tuple[Need, ...]:
    """Return what must be read before the file can be assessed; empty when nothing is left.

    Ask again with the facts that were read: a digest is asked for only once it is known
    what to compare it with, and never while the file still changes or cheaper evidence lacks.
    """
    if _set_aside(case) is not None or _changing(case):
        return ()
    required = case.policy.require
    if any(isinstance(examine(case, kind), Lack) for kind in required if kind in _CHEAP):
        return ()
    wanted = [_need(case, kind) for kind in required]
    return tuple(dict.fromkeys(need for need in wanted if need is not None))


def _need(case: Case, kind: EvidenceKind) -> Need | None:
    result = examine(case, kind)
    if not isinstance(result, Lack) or not result.unread:
        return None
    if kind is EvidenceKind.TRAILER_COUNT:
        return Need(Fact.ENDING, case.name)
    if kind is EvidenceKind.CONTROL_FILE:
        return Need(Fact.DIGEST, case.name, case.policy.control_file.algorithm)
    if case.facts.checksum_text is None:
        return Need(Fact.CHECKSUM_TEXT, case.name + case.policy.checksum_suffix)
    return Need(Fact.DIGEST, case.name, case.policy.checksum_algorithm)


def assess(case: Case) -> Outcome:
    """Return what becomes of the file in this pass."""
    aside = _set_aside(case)
    if aside is not None:
        return aside
    results = [examine(case, kind) for kind in case.policy.require]
    wrong = next((each for each in results if isinstance(each, Contradiction)), None)
    lacking = any(isinstance(each, Lack) for each in results)
    if wrong is not None and not lacking and _unchanged_for(case, wrong) >= case.policy.mismatch_seconds:
        return Damaged(wrong.finding, _companions(results))
    reasons = _reasons(case, results)
    if reasons:
        reason = f"waits for {age(case.arrival)}: {'; '.join(reasons)}"
        return _waiting(case, "F903", reason, _stands(results))
    proofs = [each for each in results if isinstance(each, Proof)]
    return Complete(tuple(proof.evidence for proof in proofs), _companions(results))


def _set_aside(case: Case) -> Outcome | None:
    """Return the outcome of everything that is no candidate; None for a data file."""
    if case.sighting.kind != "file":
        return Refused(finding("F901", f"The entry is not a regular file but a {case.sighting.kind}"))
    if not case.sighting.readable:
        return Refused(finding("F902", "The gateway may not read the file"))
    temporary = matches_any(case.policy.temporary_patterns, case.name)
    if temporary is not None:
        reason = f"waits for {age(case.arrival)}: its name is a temporary one ({temporary})"
        return _waiting(case, "F903", reason, stands=True)
    role = role_of(case.policy, case.name)
    if role is not None:
        return _side_file(case, role)
    if not matches_shell(case.around.pattern, case.name):
        reason = f"its name does not match {case.around.pattern}, seen for {age(case.arrival)}"
        return _waiting(case, "F210", reason, stands=True)
    return None


def _side_file(case: Case, role: Role) -> Outcome:
    """Return a side file as such while its file is there; alone it waits, visibly."""
    every = belongs_to(case.policy, case.name, role, case.around)
    about = tuple(name for name in every if name != case.name)  # a list may list itself
    if any(name in case.around.files for name in about):
        return SideFile(role, about)
    problem = case.around.controls.get(case.name, ControlFile()).problem
    missing = _names([name for name in about if name not in case.around.taken])
    why = f"it cannot be used: {problem}" if problem else f"{missing or 'its file'} has not come"
    if not problem and about and not missing:
        why = "everything that it lists was taken"
    return _waiting(case, "F903", f"{role.value} waits for {age(case.arrival)}: {why}")


def _names(names: Sequence[str]) -> str:
    """Return the first few of ``names`` in words, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(printable(name) for name in names[:_NAMED]) + more


def _reasons(case: Case, results: list[Result]) -> list[str]:
    """Return in plain words what is missing; facts that were not read yet only if nothing else is."""
    wrong = [f"{each.finding.message}" for each in results if isinstance(each, Contradiction)]
    lacking = [each.reason for each in results if isinstance(each, Lack) and not each.unread]
    unread = [each.reason for each in results if isinstance(each, Lack) and each.unread]
    if unread and _changing(case):
        unread = ["it still changes"]
    return wrong + lacking or unread


def _stands(results: list[Result]) -> bool:
    """Return whether nothing but another entry can bring what is missing."""
    missing = [each for each in results if not isinstance(each, Proof)]
    lacks = [each for each in missing if isinstance(each, Lack)]
    return (
        len(lacks) == len(missing)
        and all(each.beside or each.unread for each in lacks)
        and any(each.beside for each in lacks)
    )


def _changing(case: Case) -> bool:
    """Return whether the file changed since the look before; hashing it now would be in vain."""
    return case.arrival.looks == 1 and case.arrival.first_seen_at < case.arrival.last_seen_at


def _unchanged_for(case: Case, wrong: Contradiction) -> float:
    """Return for how many seconds neither the file nor what contradicts it has changed."""
    beside = case.around.arrivals.get(wrong.beside.name)
    if beside is None:
        return 0.0
    return case.monotonic - max(case.arrival.unchanged_since, beside.unchanged_since)


def _companions(results: list[Result]) -> tuple[Companion, ...]:
    found: dict[str, Companion] = {}
    for result in results:
        if isinstance(result, Proof):
            found.update({each.name: each for each in result.companions})
        elif isinstance(result, Contradiction):
            found[result.beside.name] = result.beside
    return tuple(found.values())


def share_companions(outcomes: Mapping[str, Outcome], around: Surroundings) -> dict[str, Outcome]:
    """Return ``outcomes`` (by name, in take order) with every side file given to one transfer.

    It goes with the last file that needs it, so that the others keep their evidence if the
    pass ends early. A control file stays until everything that it lists has been taken.
    """
    taken = {name for name, each in outcomes.items() if isinstance(each, Complete | Damaged)}
    last: dict[str, str] = {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, Complete | Damaged):
            last.update({each.name: name for each in outcome.companions})
    shared = dict(outcomes)
    for name, outcome in outcomes.items():
        if isinstance(outcome, Complete | Damaged):
            kept = [each for each in outcome.companions if last[each.name] == name]
            kept = [each for each in kept if _exhausted(each, around, taken)]
            shared[name] = dataclasses.replace(outcome, companions=tuple(kept))
    return shared


def _exhausted(companion: Companion, around: Surroundings, taken: set[str]) -> bool:
    parsed = around.controls.get(companion.name)
    listed = () if parsed is None else (line.name for line in parsed.lines)
    return all(name in taken or name in around.taken for name in listed if name != companion.name)


def _waiting(case: Case, code: str, reason: str, stands: bool = False) -> Waiting:
    overdue = seconds_seen(case.arrival) >= case.policy.alert_after_seconds
    return Waiting(code, reason, overdue, stands and not overdue)
