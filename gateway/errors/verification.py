"""Verification found a difference: exit statuses 60 to 69."""

from __future__ import annotations

from gateway.errors.base import GatewayError


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
