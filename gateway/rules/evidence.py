"""What one file's evidence proves: a proof, a lack in plain words, or a contradiction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.model import Arrival, Companion, Evidence, Finding, Sighting
from gateway.printable import printable
from gateway.rules.completeness_policy import CompletenessPolicy, EvidenceKind
from gateway.rules.side_files import ControlLine, parse_checksum_file
from gateway.rules.surroundings import Role, Statement, Surroundings, marker_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Facts:
    """What the edge has read of one file because ``needs`` asked for it."""

    checksum_text: str | None = None  #: its checksum file, UTF-8 with surrogate escapes
    digests: Mapping[str, str] = field(default_factory=dict)  #: of its bytes, by algorithm
    ending: bool | None = None  #: whether its trailer is there


@dataclass(frozen=True, slots=True)
class Proof:
    """This evidence is there."""

    evidence: Evidence
    companions: tuple[Companion, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """This evidence is missing; ``unread`` if only a fact is, which the edge can read.

    ``beside`` if it comes with another entry, and with nothing else.
    """

    reason: str
    unread: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What was stated is not what is there; ``beside`` is the side file that states it."""

    finding: Finding
    beside: Companion


Result = Proof | Lack | Contradiction


@dataclass(frozen=True, slots=True)
class Case:
    """One file with all that is known of it."""

    policy: CompletenessPolicy
    sighting: Sighting
    arrival: Arrival
    around: Surroundings
    facts: Facts
    monotonic: float

    @property
    def name(self) -> str:
        """The file's name."""
        return self.sighting.name


def examine(case: Case, kind: EvidenceKind) -> Result:
    """Return what the evidence of this ``kind`` says about the file."""
    return _EXAMINERS[kind](case)


def _checksum(case: Case) -> Result:
    name, algorithm = case.name + case.policy.checksum_suffix, case.policy.checksum_algorithm
    shown = printable(name)
    if name not in case.around.files:
        return Lack(f"its checksum file {shown} has not come", beside=True)
    if case.facts.checksum_text is None:
        return Lack(f"{shown} has not been read yet", unread=True)
    stated = parse_checksum_file(case.facts.checksum_text, case.name, algorithm)
    beside = case.around.companion(name, Role.CHECKSUM)
    if stated.digest is None:
        return Contradiction(finding("F213", f"{shown} cannot be used: {stated.problem}"), beside)
    actual = case.facts.digests.get(algorithm)
    if actual is None:
        return Lack(f"its {algorithm} has not been computed yet", unread=True)
    if actual.lower() != stated.digest:
        message = f"{shown} states the {algorithm} {stated.digest}, the file has {actual}"
        return Contradiction(finding("F213", message, value=stated.digest), beside)
    evidence = Evidence(
        EvidenceKind.CHECKSUM.value, f"{algorithm} as stated in {shown}", {algorithm: stated.digest}
    )
    return Proof(evidence, (beside,))


def _control_file(case: Case) -> Result:
    """Any control file that agrees admits the file; a stale one beside it does no harm."""
    statements = case.around.statements.get(case.name, ())
    if not statements:
        return Lack(f"no control file ({case.policy.control_file.pattern}) lists it", beside=True)
    results = [_stated(case, statement) for statement in statements]
    for wanted in (Proof, Lack):
        for result in results:
            if isinstance(result, wanted):
                return result
    return results[0]


def _stated(case: Case, statement: Statement) -> Result:
    line, algorithm = statement.line, case.policy.control_file.algorithm
    shown = printable(statement.control)
    beside = case.around.companion(statement.control, Role.CONTROL_FILE)
    if line.size is not None and line.size != case.sighting.size:
        message = f"{shown} states {line.size} bytes, the file has {case.sighting.size}"
        return Contradiction(finding("F212", message, value=str(line.size)), beside)
    if line.checksum is not None:
        actual = case.facts.digests.get(algorithm)
        if actual is None:
            return Lack(f"its {algorithm} has not been computed yet", unread=True)
        if actual.lower() != line.checksum:
            message = f"{shown} states the {algorithm} {line.checksum}, the file has {actual}"
            return Contradiction(finding("F212", message, value=line.checksum), beside)
    facts = _line_facts(line, algorithm)
    words = ", ".join(facts) or "its name"
    detail = f"listed in {shown} with {words}"
    return Proof(Evidence(EvidenceKind.CONTROL_FILE.value, detail, facts), (beside,))


def _line_facts(line: ControlLine, algorithm: str) -> dict[str, str]:
    stated = {algorithm: line.checksum, "size": line.size, "records": line.records}
    return {key: str(value) for key, value in stated.items() if value is not None}


def _trailer(case: Case) -> Result:
    if case.facts.ending is None:
        return Lack("its end has not been read yet", unread=True)
    if not case.facts.ending:
        return Lack("its trailer has not been written")
    return Proof(Evidence(EvidenceKind.TRAILER_COUNT.value, "the trailer is there; its count is checked"))


def _done_marker(case: Case) -> Result:
    name = marker_name(case.policy, case.name)
    if name not in case.around.files:
        return Lack(f"its done marker {printable(name)} has not come", beside=True)
    evidence = Evidence(EvidenceKind.DONE_MARKER.value, f"done marker {printable(name)}")
    return Proof(evidence, (case.around.companion(name, Role.DONE_MARKER),))


def _rename(case: Case) -> Result:
    patterns = " ".join(case.policy.temporary_patterns)
    return Proof(Evidence(EvidenceKind.RENAME.value, f"final name; the sender writes as {patterns}"))


def _stability(case: Case) -> Result:
    looks, quiet = case.arrival.looks, max(0.0, case.monotonic - case.arrival.unchanged_since)
    seen = f"unchanged over {looks} {'look' if looks == 1 else 'looks'} and {quiet:.0f} s"
    if looks < case.policy.looks or quiet < case.policy.quiet_seconds:
        return Lack(
            f"{seen}, where {case.policy.looks} looks and {case.policy.quiet_seconds:g} s are asked for"
        )
    return Proof(Evidence(EvidenceKind.STABILITY.value, seen))


def _none(_case: Case) -> Result:
    return Proof(Evidence(EvidenceKind.NONE.value, "taken as seen: the route asks for no evidence"))


_EXAMINERS: Mapping[EvidenceKind, Callable[[Case], Result]] = {
    EvidenceKind.CHECKSUM: _checksum,
    EvidenceKind.CONTROL_FILE: _control_file,
    EvidenceKind.TRAILER_COUNT: _trailer,
    EvidenceKind.DONE_MARKER: _done_marker,
    EvidenceKind.RENAME: _rename,
    EvidenceKind.STABILITY: _stability,
    EvidenceKind.NONE: _none,
}
