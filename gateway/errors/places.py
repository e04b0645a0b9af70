"""Sources and destinations: exit statuses 20 to 39."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors.base import GatewayError

if TYPE_CHECKING:
    from datetime import datetime


class SourceError(GatewayError):
    """A source cannot be read."""

    code = "source-unavailable"
    exit_status = 20


class DestinationError(GatewayError):
    """A destination does not take the file."""

    code = "destination-unavailable"
    exit_status = 30


class ServerError(SourceError, DestinationError):
    """An SFTP server refused an operation."""

    code = "server-refused"
    exit_status = 21

    place: str | None = None  #: where it stops everything there: the place, as its circuit is called


class ServerUnreachable(ServerError):
    """An SFTP server cannot be reached, or the connection to it broke."""

    code = "server-unreachable"
    exit_status = 22


class HostKeyUnknown(ServerError):
    """Nobody has said yet which host key the SFTP server has."""

    code = "host-key-unknown"
    exit_status = 23


class HostKeyChanged(ServerError):
    """The SFTP server shows another host key than the one that is trusted."""

    code = "host-key-changed"
    exit_status = 24


class LoginRefused(ServerError):
    """The SFTP server does not let the gateway in."""

    code = "login-refused"
    exit_status = 25


class NoCommonAlgorithm(ServerError):
    """The SFTP server offers only algorithms that are not safe enough."""

    code = "no-common-algorithm"
    exit_status = 26


class RemoteMissing(ServerError):
    """The file or directory is not on the SFTP server."""

    code = "remote-missing"
    exit_status = 27


class RemoteDenied(ServerError):
    """The SFTP server does not allow this."""

    code = "remote-denied"
    exit_status = 28


class CircuitOpen(ServerError):
    """The partner is down and is left alone until the next probe."""

    code = "circuit-open"
    exit_status = 29

    until: datetime | None = None  #: when it is asked again


class TargetOccupied(DestinationError):
    """The destination already has another file under that name."""

    code = "target-occupied"
    exit_status = 31


class PublicationUnfinished(DestinationError):
    """The file has its name at the destination, or may have it; the rest is missing."""

    code = "publication-unfinished"
    exit_status = 33


class PredecessorUndelivered(DestinationError):
    """The file before this one on its strict stream is not delivered yet."""

    code = "predecessor-undelivered"
    exit_status = 32
