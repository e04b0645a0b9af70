"""Errors, in one family per party who must act; each class carries its code and exit status.

Bands of exit statuses: 2 usage; 3-19 configuration and formats; 20-39 sources and
destinations; 40-59 custody and ledger; 60-69 verification found a difference; 70 the gateway's own
fault.
The first line of a class's docstring is its default message and its line in the docs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.model import Problem


class GatewayError(Exception):
    """The gateway cannot go on."""

    code = "gateway-error"
    exit_status = 1

    def __init__(
        self,
        message: str | None = None,
        *,
        where: str | None = None,
        cause: BaseException | None = None,
        hint: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        """Keep what happened, ``where`` (path, operation), its ``cause`` and what to do next.

        ``problems`` lists everything that is wrong with a configuration or format file.
        """
        self.message = message or (type(self).__doc__ or "").splitlines()[0].rstrip(".")
        self.where = where
        self.cause = cause
        self.hint = hint
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        """Return code, message, place, cause and hint as one readable text, then each problem."""
        return "\n  ".join(self.lines())

    def lines(self) -> list[str]:
        """Return code, message, place, cause and hint as one line, then each problem as a line."""
        text = f"[{self.code}] {self.message}"
        if self.where:
            text += f" ({self.where})"
        if self.cause is not None:
            # the path stands before it already, and a number means nothing to most readers
            text += f": {getattr(self.cause, 'strerror', None) or self.cause}"
        if self.hint:
            text += f"{'' if text.endswith(('.', '?', '!')) else '.'} {self.hint}"
        return [text, *map(str, self.problems)]


class InternalError(GatewayError):
    """The gateway met an error of its own; report it with the log."""

    code = "internal-error"
    exit_status = 70


class WorkLeft(InternalError):
    """The gateway was stopped before all passes had ended; the next start carries them on."""

    code = "work-left"
    exit_status = 71


class InstallationError(GatewayError):
    """The libraries that the gateway needs cannot be installed."""

    code = "installation"
    exit_status = 9


class UsageError(GatewayError):
    """The command was not called as it must be."""

    code = "usage"
    exit_status = 2


class ReasonMissing(UsageError):
    """This action needs a reason; none was given."""

    code = "reason-missing"


class ActionRefused(UsageError):
    """The action is not possible in the present state."""

    code = "action-refused"


class ConfigurationError(GatewayError):
    """The configuration has problems."""

    code = "config-invalid"
    exit_status = 3


class ConfigurationMissing(ConfigurationError):
    """There is no site configuration here."""

    code = "config-missing"
    exit_status = 4


class SecretsMissing(ConfigurationError):
    """A secret that the configuration points to cannot be had."""

    code = "secret-missing"
    exit_status = 5


class FormatError(GatewayError):
    """A format definition has problems."""

    code = "format-invalid"
    exit_status = 10


class FormatUnknown(FormatError):
    """There is no such format or version in the catalogue."""

    code = "format-unknown"
    exit_status = 11


class FormatChanged(FormatError):
    """A released format is not the one that was locked."""

    code = "format-changed"
    exit_status = 12


class FormatNotLocked(FormatError):
    """A released format is not in the lock."""

    code = "format-not-locked"
    exit_status = 13


class LockInvalid(FormatError):
    """The lock of the catalogue cannot be read."""

    code = "format-lock-invalid"
    exit_status = 14


class MappingInvalid(FormatError):
    """A mapping between two formats has problems."""

    code = "mapping-invalid"
    exit_status = 15


class ImportFailed(FormatError):
    """The schema or layout cannot be turned into a format."""

    code = "import-failed"
    exit_status = 16


class UnwritableRow(FormatError):
    """A row cannot be written as the format says."""

    code = "unwritable-row"
    exit_status = 17

    record_type: str | None = None  #: of the row
    field: str | None = None  #: that cannot be written; None where it is the row as a whole
    text: str | None = None  #: of that field
    record: int | None = None  #: of the source that the row was made from
    line: int | None = None


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


class CustodyError(GatewayError):
    """A file cannot be moved, written or synced."""

    code = "custody"
    exit_status = 40


class NameTaken(CustodyError):
    """The target name exists already and is never overwritten."""

    code = "name-taken"
    exit_status = 41


class OutsideSite(CustodyError):
    """The path leads out of the site."""

    code = "outside-site"
    exit_status = 42


class DiskFull(CustodyError):
    """The file system has no space left."""

    code = "disk-full"
    exit_status = 43


class NotRegular(CustodyError):
    """The entry is not a regular file."""

    code = "not-regular"
    exit_status = 44


class AccessDenied(CustodyError):
    """The gateway's account may not do this."""

    code = "access-denied"
    exit_status = 45


class FileMissing(CustodyError):
    """The file is not where it should be."""

    code = "file-missing"
    exit_status = 46


class FileChanged(CustodyError):
    """The file is not the one that was looked at."""

    code = "file-changed"
    exit_status = 47


class SyncFailed(CustodyError):
    """The disk did not confirm that the data is durable."""

    code = "sync-failed"
    exit_status = 48


class ManifestInvalid(CustodyError):
    """The manifest or day list cannot be read."""

    code = "manifest-invalid"
    exit_status = 49


class LedgerError(GatewayError):
    """The ledger cannot be read or written."""

    code = "ledger"
    exit_status = 50


class LedgerBusy(LedgerError):
    """The ledger is locked by another process."""

    code = "ledger-busy"
    exit_status = 51


class LedgerVersion(LedgerError):
    """The ledger was written by a newer gateway."""

    code = "ledger-version"
    exit_status = 52


class SiteBusy(LedgerError):
    """Another gateway already works on this site."""

    code = "site-busy"
    exit_status = 53


class IllegalTransition(LedgerError):
    """The lifecycle does not allow this transition."""

    code = "illegal-transition"
    exit_status = 54


class VerificationFailed(GatewayError):
    """Verification found a difference."""

    code = "verification-failed"
    exit_status = 60


class AuditBroken(VerificationFailed):
    """The audit trail has been altered."""

    code = "audit-broken"
    exit_status = 61


class FormatsDiffer(VerificationFailed):
    """Two versions of a format differ more than was asked for."""

    code = "formats-differ"
    exit_status = 62


class VerdictContradicted(VerificationFailed):
    """A real file contradicts the verdict of the comparison."""

    code = "verdict-contradicted"
    exit_status = 63


class Unhealthy(VerificationFailed):
    """The service is not at work as it should be."""

    code = "unhealthy"
    exit_status = 64


class DoctorFound(VerificationFailed):
    """Something that the site depends on is not as it should be."""

    code = "doctor-found"
    exit_status = 65


class Overdue(GatewayError):
    """A file waits longer than the route finds normal."""

    code = "overdue"


class Expected(GatewayError):
    """A file that was expected has not come."""

    code = "expected-missing"

    def __init__(
        self, message: str | None = None, *, due: datetime | None = None, hint: str | None = None
    ) -> None:
        """Keep since when it is missing (``due``), and the rest as every error does."""
        super().__init__(message, hint=hint)
        self.due = due


class Unusual(GatewayError):
    """A file is unlike those before it."""

    code = "unusual"


class AlertUndelivered(GatewayError):
    """An alert could not be sent."""

    code = "alert-undelivered"


class StreamSuspended(GatewayError):
    """The sequence model of a route was changed while files of a stream were held or missing."""

    code = "stream-suspended"


class HoldExpired(GatewayError):
    """A held file's deadline has passed."""

    code = "hold-expired"
