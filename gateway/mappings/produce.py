"""The output of a mapping: made, then read back and validated as its target format says."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.formats.definition import Format
from gateway.mappings.convert import Open, convert
from gateway.mappings.definition import Bound
from gateway.model import Finding, Severity
from gateway.printable import printable
from gateway.validation.reading import Input, ListingLimits, read_files

if TYPE_CHECKING:
    from collections.abc import Callable

#: Findings of the output that a message quotes.
_QUOTED = 3


@dataclass(frozen=True, slots=True)
class Produced:
    """An output as it was written: what it is if it may be used, and why it may not."""

    sha256: str
    size: int
    findings: Findings

    @property
    def is_good(self) -> bool:
        """Whether the output is whole and valid."""
        return self.findings.errors == 0


class _Hashed:
    """A stream that hashes and counts what is written to it."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes, /) -> int:
        """Write ``data``; raises OSError as the stream does."""
        self._hash.update(data)
        self.size += len(data)
        return self._out.write(data)

    @property
    def sha256(self) -> str:
        """SHA-256 of everything written, in hexadecimal digits."""
        return self._hash.hexdigest()


def produce(
    bound: Bound,
    source: Open,
    out: Callable[[], AbstractContextManager[BinaryIO]],
    back: Open,
    limits: ListingLimits,
) -> Produced:
    """Make the output of the valid file ``source``, and validate it.

    Args:
        bound: the mapping with its formats.
        source: opens the input, once for each reading.
        out: opens the place of the output for writing, durable when it is left.
        back: opens the output for reading.
        limits: how many findings are listed.

    Raises OSError as the files do, FormatError where a definition cannot be applied.
    """
    findings = Findings(limits.per_rule, limits.per_file)
    with out() as stream:
        hashed = _Hashed(stream)
        convert(bound, source, cast("BinaryIO", hashed), findings)
    if findings.errors == 0:
        reading = read_files(bound.target, [Input(0, "output", back)], limits=limits)[0]
        reading.keys.close()
        if reading.sha256 != hashed.sha256:
            findings.add(finding("F221", "The output is not what was written: the disk changed it."))
        invalid = refusal_of(bound.target, reading.findings)
        if invalid is not None:
            findings.add(invalid)
    return Produced(hashed.sha256, hashed.size, findings)


def refusal_of(target: Format, findings: Findings) -> Finding | None:
    """Return the finding that an output with ``findings`` is not valid; None where it is."""
    if not findings.errors:
        return None
    errors = [one for one in findings.listed() if one.severity is Severity.ERROR]
    said = " ".join(_quoted(one) for one in errors[:_QUOTED])
    more = findings.errors - min(len(errors), _QUOTED)
    rest = f" And {more:,} more." if more else ""
    first = errors[0] if errors else None
    return finding(
        "F221",
        f"As {target.name} the file would be refused. {said}{rest}",
        rule=first.code if first else None,
        value=first.value if first else None,
    )


def _quoted(one: Finding) -> str:
    place = ", ".join(
        text
        for text in (
            f"record {one.record}" if one.record else "",
            f"line {one.line}" if one.line else "",
            one.column or "",
        )
        if text
    )
    where = f" ({place} of the output)" if place else ""
    return f"{one.code}{where}: {printable(one.message).rstrip('.')}."
