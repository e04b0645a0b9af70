"""Where files come from and go to, as values."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config.servers import RetryPolicy


class Acknowledgement(enum.Enum):
    """What becomes of a remote file that is in the gateway's custody."""

    MOVE = "move"  #: into another directory of the server
    DELETE = "delete"
    LEAVE = "leave"  #: it stays and is remembered


@dataclass(frozen=True, slots=True)
class FolderSource:
    """A directory that a sender writes into."""

    path: Path  #: absolute; by default ``inbox/<route>`` of the site
    pattern: str = "*"  #: shell pattern of data files; others stay visible as unknown
    type: str = "folder"
    watch: bool = True  #: let events wake passes, where the file system has them


@dataclass(frozen=True, slots=True)
class SftpSource:
    """A directory of an SFTP server that a sender writes into."""

    server: str  #: name of the server
    path: str  #: directory there; POSIX, absolute or relative to the login directory
    acknowledge: Acknowledgement
    move_to: str | None = None  #: directory there, for MOVE
    pattern: str = "*"
    retry: RetryPolicy = field(default_factory=RetryPolicy)  #: of acknowledgements that failed
    type: str = "sftp"


@dataclass(frozen=True, slots=True)
class FolderDestination:
    """A directory that a receiver reads from."""

    name: str
    path: Path  #: absolute
    file_name: str = "{name}"  #: may use {name} {stem} {suffix} {id} {route} {control_number} {message_id}
    done_marker: str | None = None  #: suffix of an empty file written after the data
    checksum_file: str | None = None  #: suffix of a file with its digest, there before the data
    checksum_algorithm: str = "sha256"
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    type: str = "folder"


class Verification(enum.Enum):
    """How a file that was written to a server is proved to be there."""

    SIZE = "size"  #: by the size that the server states
    CONTENT = "content"  #: by reading it back and comparing its SHA-256


@dataclass(frozen=True, slots=True)
class SftpDestination:
    """A directory of an SFTP server that a receiver reads from."""

    name: str
    server: str
    path: str  #: directory there
    file_name: str = "{name}"
    done_marker: str | None = None
    checksum_file: str | None = None
    checksum_algorithm: str = "sha256"
    temporary_name: str = ".{key}.part"  #: name until it is whole; {key} is the delivery key
    verify: Verification = Verification.SIZE
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    type: str = "sftp"


Source = FolderSource | SftpSource
Destination = FolderDestination | SftpDestination
