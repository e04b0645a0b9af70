"""What one look at something finds, in words for who has to act."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import GatewayError
from gateway.printable import printable

#: Topics, in the order in which they are told.
TOPICS = (
    "configuration", "formats", "installation", "clock", "directories", "ledger", "service", "servers",
    "alerts",
)  # fmt: skip


class Verdict(enum.Enum):
    """How something is."""

    OK = "ok"  #: as it should be, or as it may well be
    WARNING = "warning"  #: it works, and costs something or will not last
    FAILURE = "failure"  #: something does not work, or is not safe


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    topic: str  #: one of ``TOPICS``
    what: str  #: the object
    verdict: Verdict
    found: str  #: in words
    why: str = ""  #: it matters; empty where all is well
    do: str = ""  #: the command or setting that helps; empty where all is well


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was looked at on one site."""

    site: str
    at: datetime
    checks: tuple[Check, ...]  #: by topic

    def count(self, verdict: Verdict) -> int:
        """Return how many checks have that verdict."""
        return sum(check.verdict is verdict for check in self.checks)


@dataclass(frozen=True, slots=True)
class Subject:
    """An object of a topic, about which checks are made."""

    topic: str
    what: str

    def ok(self, found: str) -> Check:
        """Return that all is well."""
        return Check(self.topic, printable(self.what), Verdict.OK, printable(found))

    def warning(self, found: str, why: str, do: str) -> Check:
        """Return that something is not as it should be, and works."""
        return self.judged(Verdict.WARNING, found, why, do)

    def failure(self, found: str, why: str, do: str) -> Check:
        """Return that something does not work."""
        return self.judged(Verdict.FAILURE, found, why, do)

    def refused(
        self, error: GatewayError, why: str, do: str = "", verdict: Verdict = Verdict.FAILURE
    ) -> Check:
        """Return what an error says; its own hint says what to do, ``do`` where it has none."""
        return self.judged(verdict, said(error), why, error.hint or do)

    def judged(self, verdict: Verdict, found: str, why: str, do: str) -> Check:
        """Return a check with that verdict."""
        words = [printable(text) for text in (found, why, do)]
        return Check(self.topic, printable(self.what), verdict, *words)


def said(error: GatewayError) -> str:
    """Return what an error says without its code and hint: message, place and cause."""
    text = error.message + (f" ({error.where})" if error.where else "")
    if error.cause is not None:
        text += f": {getattr(error.cause, 'strerror', None) or error.cause}"
    return "; ".join([text, *map(str, error.problems)])
