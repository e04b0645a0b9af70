"""CLAIMED files are read once: hashed, identified, validated. No state changes here.

The stage SHALL return one `Examined` per transfer whose file could be opened, in order, with all
findings of its file. It SHALL read every byte of a file once. It MAY leave a transfer out when its
file cannot be read at all right now; that transfer stays CLAIMED and the next pass tries again.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
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
from gateway.stages.identify import HEAD_BYTES, Chooser, identity_of, name_groups, not_allowed

if TYPE_CHECKING:
    from gateway.validation.keys import KeySpool
    from gateway.validation.reading import Input, ListingLimits, Reading

#: Files whose first bytes are in memory at one time; of those that end there they stay till all are read.
_AT_ONCE = 100


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
    grouped: dict[str, tuple[Format, list[Transfer], list[Input]]] = {}
    done: dict[str, Examined] = {}
    for transfer, head in _beginnings(context, batch, report):
        try:
            chosen = _choose(context, route, chooser, transfer, head)
        except (GatewayError, OSError) as error:
            _wait(context, report, transfer, error)
            continue
        if isinstance(chosen, Format):
            _, members, inputs = grouped.setdefault(chosen.digest or chosen.name, (chosen, [], []))
            members.append(transfer)
            inputs.append(_input(context, len(inputs), transfer, head))
        else:
            known = functools.partial(_unread, context, route, transfer, chosen)
            _keep(context, done, report, transfer, known)
    for definition, members, inputs in grouped.values():
        for transfer, reading in zip(members, _read(context, definition, inputs), strict=True):
            known = functools.partial(_examined, context, route, definition, transfer, reading)
            _keep(context, done, report, transfer, known)
    return [done[transfer.id] for transfer in batch if transfer.id in done]


def _beginnings(
    context: Context, batch: Sequence[Transfer], report: Report
) -> Iterator[tuple[Transfer, bytes]]:
    """Yield the first bytes of each file that can be read right now.

    Those of many files at once: to turn from the system to the parsing with every file takes longer.
    """
    for start in range(0, len(batch), _AT_ONCE):
        beginnings = []
        for transfer in batch[start : start + _AT_ONCE]:
            try:
                with open_regular(context.path_of(transfer)) as file:
                    beginnings.append((transfer, file.read(HEAD_BYTES)))
            except (GatewayError, OSError) as error:
                _wait(context, report, transfer, error)
        yield from beginnings


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
    if one.transfer.companions:
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


def _choose(
    context: Context, route: Route, chooser: Chooser, transfer: Transfer, head: bytes
) -> Format | Finding:
    """Return the format version that the file's first bytes, its name or the route tell."""
    if not head:
        return finding("F101", "The file is empty: it has no bytes at all.")
    dated = route.effective_dates is not DatePolicy.IGNORE
    return chooser.choose(transfer.name, head, context.day(transfer.arrived_at) if dated else None)


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


def _read(context: Context, definition: Format, inputs: Sequence[Input]) -> list[Reading]:
    """Read all ``inputs`` in one go; should the gateway itself stumble, each one alone."""
    from gateway.validation.reading import ListingLimits, read_files

    limits = ListingLimits(context.site.limits.listed_per_rule, context.site.limits.listed_per_file)
    try:
        return read_files(definition, inputs, limits=limits)
    except Exception:  # noqa: BLE001 - one file that the gateway stumbles over must not stop its neighbours
        return [_read_alone(definition, one, limits) for one in inputs]


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


def _input(context: Context, number: int, transfer: Transfer, head: bytes) -> Input:
    """Return a file to be read; one that was seen whole already is not opened again."""
    from gateway.validation.reading import Input

    if len(head) < HEAD_BYTES:
        return Input(number, transfer.name, functools.partial(io.BytesIO, head))
    return Input(number, transfer.name, functools.partial(open_regular, context.path_of(transfer)))


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
