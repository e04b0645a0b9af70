"""What a route asks for before it takes a file."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class EvidenceKind(enum.Enum):
    """What can prove a file complete, strongest first."""

    CHECKSUM = "checksum"  #: a file ``NAME.sha256`` (or md5 ...) beside it, whose digest matches
    CONTROL_FILE = "control-file"  #: a file that lists files with checksums and counts
    TRAILER_COUNT = "trailer-count"  #: the trailer is there and its count is right
    DONE_MARKER = "done-marker"  #: an (empty) file written after the data
    RENAME = "rename"  #: the sender writes under a temporary name and renames
    STABILITY = "stability"  #: unchanged over N looks and a span of the gateway's own clock
    NONE = "none"  #: the route takes what it sees; the configuration says so


@dataclass(frozen=True, slots=True)
class ControlFilePolicy:
    """How control files are named and read."""

    pattern: str = "*.ctl"  #: shell pattern of control files
    delimiter: str = ";"
    header_row: bool = True
    name_column: str = "file"
    checksum_column: str | None = "sha256"
    algorithm: str = "sha256"
    size_column: str | None = None
    records_column: str | None = None


@dataclass(frozen=True, slots=True)
class CompletenessPolicy:
    """What a route asks for before it takes a file; all of ``require`` must be there."""

    require: tuple[EvidenceKind, ...] = (EvidenceKind.STABILITY,)
    looks: int = 3  #: stability: consecutive looks without a change
    quiet_seconds: float = 10.0  #: stability: and at least so long
    done_suffix: str = ".done"
    done_replaces_extension: bool = False  #: ``a.done`` for ``a.csv`` instead of ``a.csv.done``
    checksum_suffix: str = ".sha256"
    checksum_algorithm: str = "sha256"  #: any name hashlib knows: sha256, sha512, md5 ...
    temporary_patterns: tuple[str, ...] = ("*.tmp", "*.part", "*.partial", "*.filepart", ".*", "~*")
    control_file: ControlFilePolicy = ControlFilePolicy()
    mismatch_seconds: float = 300.0  #: a wrong checksum that stays so long is taken and failed
    alert_after_seconds: float = 3600.0  #: an incomplete file older than this is reported loudly
