"""What people are told of, and what is no reason to leave with a status of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.errors.base import GatewayError

if TYPE_CHECKING:
    from datetime import datetime


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
