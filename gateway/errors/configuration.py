"""Configuration and formats: exit statuses 3 to 19."""

from __future__ import annotations

from gateway.errors.base import GatewayError


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
