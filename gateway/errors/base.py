"""What every error carries; errors of the caller and of the gateway itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
