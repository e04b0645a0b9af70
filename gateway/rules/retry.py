"""When is a failed delivery tried again? Exponential, capped, with jitter."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

#: Beyond this exponent every sensible delay is capped anyway, and a float would overflow.
_LARGEST_EXPONENT = 64


class Backoff(Protocol):
    """The settings of a retry; ``config.settings.RetryPolicy`` is one."""

    @property
    def first_seconds(self) -> float:
        """Delay after the first failed try."""
        ...

    @property
    def factor(self) -> float:
        """What every further delay is multiplied by."""
        ...

    @property
    def cap_seconds(self) -> float:
        """The longest delay, before jitter."""
        ...

    @property
    def jitter(self) -> float:
        """Share of the delay by which it is shortened or lengthened at random."""
        ...


def latest_try(policy: Backoff, now: datetime) -> datetime:
    """Return the latest moment that ``next_try`` can have named until ``now``, if no clock was set back."""
    return now + timedelta(seconds=policy.cap_seconds * (1 + policy.jitter) + 1)


def next_try(policy: Backoff, tries: int, now: datetime, random: float) -> datetime:
    """Return when to try again after ``tries`` failed tries (at least 1).

    ``random`` is a number from 0 to 1 that the caller draws; it spreads the retries of many
    transfers, so that a destination that comes back is not met by all of them at once.
    """
    exponent = min(max(tries, 1) - 1, _LARGEST_EXPONENT)
    delay = min(policy.first_seconds * policy.factor**exponent, policy.cap_seconds)
    delay *= 1 + policy.jitter * (2 * random - 1)
    return now + timedelta(seconds=delay)
