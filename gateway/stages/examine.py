"""CLAIMED files are read once: hashed, identified, validated. No state changes here.

The stage SHALL return one `Examined` per transfer whose file could be opened, in order, with all
findings of its file. It SHALL read every byte of a file once. It MAY leave a transfer out when its
file cannot be read at all right now; that transfer stays CLAIMED and the next pass tries again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from gateway.custody.claim import COARSE_NS
from gateway.custody.copies import READ_BYTES, hash_file
from gateway.custody.look import open_regular, sighting
from gateway.custody.names import archive_name
from gateway.custody.refusals import refusal
from gateway.errors import CustodyError, GatewayError
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.formats.definition import Format
from gateway.model import Companion, Finding, Identity, Severity, Sighting, Transfer
from gateway.printable import printable
from gateway.rules.in_force import DatePolicy
from gateway.stages.context import Context, Report, Route, allowed
from gateway.stages.identify import Chooser, identity_of, name_groups, not_allowed

if TYPE_CHECKING:
    from gateway.validation.keys import KeySpool
    from gateway.validation.reading import Input, ListingLimits, Reading, Together

#: How much of a file is looked at to learn its format version.
HEAD_BYTES = 64 * 1024


@dataclass(slots=True)
class Examined:
    """What is known of a file once it has been read."""

    transfer: Transfer
    findings: Findings
    identity: Identity
    definition: Format | None = None
    keys: KeySpool | None = None


def examine(context: Context, route: Route, batch: Sequence[Transfer], report: Report) -> list[Examined]:
    """Read and validate a batch of claimed transfers of one route."""
    chooser = Chooser(context.catalogue, route, context.site.agreed if context.site.partners else None)
    groups: dict[str, _Group] = {}
    done: dict[str, Examined] = {}
    for transfer in batch:
        try:
            chosen = _read(context, route, transfer, chooser, groups)
        except (GatewayError, OSError) as error:
            _wait(context, report, transfer, error)
            continue
        if chosen is not None:
            known = functools.partial(_unread, context, route, transfer, chosen)
            _keep(context, done, report, transfer, known)
    for group in groups.values():
        for transfer, reading in zip(group.members, group.readings(context), strict=True):
            known = functools.partial(_examined, context, route, group.definition, transfer, reading)
            _keep(context, done, report, transfer, known)
    return [done[transfer.id] for transfer in batch if transfer.id in done]


def _keep(
    context: Context,
    done: dict[str, Examined],
    report: Report,
    transfer: Transfer,
    examined: Callable[[], Examined],
) -> None:
    """Add what is known of one file, unless it cannot be read right now: it waits for the next pass then."""
    try:
        one = examined()
    except (GatewayError, OSError) as error:
        _wait(context, report, transfer, error)
        return
    one.transfer = one.transfer.evolve(companions=_hashed(context, one.transfer))
    if archive_name(transfer.name) != transfer.name:
        words = f"{printable(transfer.name)} is archived as {archive_name(transfer.name)}."
        one.findings.add(finding("F904", words, value=printable(transfer.name)))
    done[transfer.id] = one


def _wait(context: Context, report: Report, transfer: Transfer, error: GatewayError | OSError) -> None:
    """Report a file that cannot be read right now, a bad sector say; it stays where it is."""
    known = error if isinstance(error, GatewayError) else refusal(error, "read", context.path_of(transfer))
    report.problem(known, transfer)


def _hashed(context: Context, transfer: Transfer) -> tuple[Companion, ...]:
    """Return the companions with their digests, as far as they can be read: the manifest states them."""
    return tuple(
        dataclasses.replace(one, sha256=one.sha256 or _digest_of(context.companion_path(transfer, one)))
        for one in transfer.companions
    )


def _digest_of(path: str) -> str | None:
    try:
        return hash_file(path)[0]
    except GatewayError:
        return None  # settling it will say what is the matter


def _read(
    context: Context, route: Route, transfer: Transfer, chooser: Chooser, groups: dict[str, _Group]
) -> Finding | None:
    """Read a file in one go, or return why no format version can be chosen for it.

    Its first bytes, its name or the route tell the version; then it is read with others of the same one.
    """
    with open_regular(context.path_of(transfer)) as file:
        head = file.read(HEAD_BYTES)
        if not head:
            return finding("F101", "The file is empty: it has no bytes at all.")
        dated = route.effective_dates is not DatePolicy.IGNORE
        chosen = chooser.choose(transfer.name, head, context.day(transfer.arrived_at) if dated else None)
        if isinstance(chosen, Finding):
            return chosen
        key = chosen.digest or chosen.name
        if key not in groups:
            groups[key] = _Group(context, chosen)
        groups[key].read(transfer, file, head)
    return None


def _unread(context: Context, route: Route, transfer: Transfer, why: Finding) -> Examined:
    """Return what is known of a file that no format version could be chosen for."""
    findings = Findings(context.site.limits.listed_per_rule, context.site.limits.listed_per_file)
    findings.add(why)
    path = context.path_of(transfer)
    sha256, size = hash_file(path)
    # Without a format nobody knows what a record is; no bytes hold none.
    found = {"sha256": sha256, "size": str(size), **({} if size else {"records": "0"})}
    _add_contradicted(findings, transfer, found, path)
    named = name_groups(context.catalogue, route, transfer.name)
    known = transfer.evolve(
        sha256=sha256,
        size=size,
        sender=route.sender or named.get("sender"),
        control_number=named.get("control"),
        previous_number=named.get("previous"),
    )
    return Examined(known, findings, Identity(sha256=sha256, name=transfer.name))


class _Group:
    """The files of a batch that have one format version."""

    def __init__(self, context: Context, definition: Format) -> None:
        from gateway.readers import reader_for
        from gateway.validation.reading import ListingLimits, Together

        self.definition = definition
        self.members: list[Transfer] = []
        self._limits = ListingLimits(context.site.limits.listed_per_rule, context.site.limits.listed_per_file)
        self._together: Together | None = Together(reader_for(definition.kind), definition, self._limits)

    def read(self, transfer: Transfer, file: BinaryIO, head: bytes) -> None:
        """Read an open file to its end, of which ``head`` was read already."""
        from gateway.validation.reading import Input

        self.members.append(transfer)
        if self._together is not None:
            one = Input(len(self.members), transfer.name, lambda: contextlib.nullcontext(file), head)
            try:
                self._together.read(one)
            except Exception:  # noqa: BLE001 - a file that the gateway stumbles over must not stop others
                self._together = None

    def readings(self, context: Context) -> list[Reading]:
        """Return what was read, in order; should the gateway itself have stumbled, each file read alone."""
        try:
            if self._together is not None:
                return self._together.finish()
        except Exception:  # noqa: BLE001 - as above
            self._together = None
        return [self._read_alone(context, number) for number in range(len(self.members))]

    def _read_alone(self, context: Context, number: int) -> Reading:
        from gateway.validation.reading import Input

        path = context.path_of(self.members[number])
        one = Input(number, self.members[number].name, functools.partial(open_regular, path))
        return _read_alone(self.definition, one, self._limits)


def _read_alone(definition: Format, one: Input, limits: ListingLimits) -> Reading:
    from gateway.validation.reading import Reading, read_files

    try:
        return read_files(definition, [one], limits=limits)[0]
    except (OSError, CustodyError) as error:
        # it cannot be opened now, or there is no room for what is kept beside a large one: nothing about it
        return Reading.unread(error)
    except Exception as error:  # noqa: BLE001 - becomes a finding of this file alone
        reading = Reading.unread()
        reading.findings.add(
            finding("F199", f"{type(error).__name__} while {definition.name} was applied: {error}")
        )
        return reading


def _examined(
    context: Context, route: Route, definition: Format, transfer: Transfer, reading: Reading
) -> Examined:
    """Join what the reading found with what the name, the evidence and the route state."""
    if reading.broken_off is not None:
        raise reading.broken_off  # of the disk or the share, not of the file: it is read again later
    findings = reading.findings
    seen = sighting(context.path_of(transfer))
    changed = _changed(transfer, seen, reading)
    if changed is not None:
        findings.add(changed)
    if changed is not None or not reading.sha256:
        reading.sha256, reading.size = hash_file(context.path_of(transfer))
    identity, groups = identity_of(definition, route, transfer.name, reading)
    pattern = route.name_pattern or definition.file_name
    if pattern and groups is None:
        findings.add(finding("F210", f"The name does not match {pattern}", value=printable(transfer.name)))
    agreed = context.site.agreed(identity.sender, route.message_type)
    for problem in not_allowed(definition, route, identity.sender, agreed, context.day(transfer.arrived_at)):
        findings.add(problem)
    found = {"sha256": reading.sha256, "size": str(reading.size), "records": str(reading.records)}
    _add_contradicted(findings, transfer, found, context.path_of(transfer))
    known = transfer.evolve(
        sha256=reading.sha256,
        size=reading.size,
        mtime_ns=seen.mtime_ns,
        records=reading.records,
        format_version=str(definition.version),
        format_digest=definition.digest,
        sender=identity.sender,
        message_id=identity.message_id,
        control_number=identity.control_number,
        previous_number=identity.previous_number,
        interchange_key=identity.interchange_key,
    )
    return Examined(known, findings, identity, definition, reading.keys)


def _changed(transfer: Transfer, seen: Sighting, reading: Reading) -> Finding | None:
    """Return the finding that somebody wrote to the file after it was proved complete."""
    if reading.size != transfer.size:
        sizes = f"{transfer.size} bytes when it was proved complete, {reading.size} when it was read."
        return finding("F116", sizes)
    apart = abs(seen.mtime_ns - transfer.mtime_ns)
    # A copy from another file system has a new inode, and maybe a coarser time.
    written = apart > 0 if seen.inode == transfer.inode else apart >= COARSE_NS
    if seen.size != reading.size or (written and transfer.sha256 != reading.sha256):
        return finding("F116", "The file was written to after it had been proved complete.")
    return None


def _add_contradicted(findings: Findings, transfer: Transfer, found: dict[str, str], path: str) -> None:
    """Add what the sender stated wrongly; as a warning where an operator allowed it."""
    for problem in contradicted(transfer, found, path):
        may_stand = allowed(transfer, problem.code)
        findings.add(dataclasses.replace(problem, severity=Severity.WARNING) if may_stand else problem)


def contradicted(transfer: Transfer, found: dict[str, str], path: str) -> list[Finding]:
    """Return a finding for each thing the sender stated beside the file that its bytes do not bear out.

    ``found`` is what is known of the bytes; further digests that are stated are added to it.
    """
    problems = []
    for evidence in transfer.evidence:
        if evidence.kind == "contradicted":
            problems.append(finding(evidence.facts["code"], evidence.detail))
            continue
        code = "F213" if evidence.kind == "checksum" else "F212"
        for fact, stated in evidence.facts.items():
            if fact in hashlib.algorithms_available and fact not in found:
                with open_regular(path) as file:
                    found[fact] = _digest(file, fact)
            if fact in found and found[fact] != stated.strip().lower():
                problems.append(
                    finding(
                        code, f"{evidence.detail}: {fact} {stated} stated, {found[fact]} found.", column=fact
                    )
                )
    return problems


def _digest(file: BinaryIO, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    while block := file.read(READ_BYTES):
        digest.update(block)
    return digest.hexdigest()
