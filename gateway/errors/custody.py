"""Custody and ledger: exit statuses 40 to 59."""

from __future__ import annotations

from gateway.errors.base import GatewayError


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


class LeaseLost(LedgerError):
    """Another node works on this route now."""

    code = "lease-lost"
    exit_status = 55


class LedgerDamaged(LedgerError):
    """The ledger is not sound."""

    code = "ledger-damaged"
    exit_status = 56


class BackupInvalid(LedgerError):
    """The file is no sound backup of a ledger."""

    code = "backup-invalid"
    exit_status = 57


class DriverMissing(LedgerError):
    """The driver of this kind of ledger is not installed."""

    code = "driver-missing"
    exit_status = 58
