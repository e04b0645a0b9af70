"""Is the ledger sound? Asked in full by people; what a start can afford of it, in `integrity`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from gateway.config.loading import load_site
from gateway.errors import LedgerDamaged
from gateway.ledger.engine import default_url, open_ledger

#: What to do about a damaged ledger.
ADVICE = (
    "Stop the gateway; keep a copy of the ledger directory. Then `gateway ledger restore FILE` with the"
    " newest backup, or `gateway ledger rebuild` where there is none"
)


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What was found of a ledger's structure."""

    place: str
    problems: tuple[str, ...]
    advice: str = ADVICE


def check_ledger(directory: Path) -> LedgerCheck:
    """Return what is wrong with the ledger of the site in ``directory``; it is read to its end.

    Raises ConfigurationError, LedgerError where there is none, LedgerBusy where it stays locked.
    """
    site = load_site(directory)
    url = site.ledger or default_url(site.directory)
    try:
        with contextlib.closing(open_ledger(url)) as ledger:
            return LedgerCheck(ledger.path, tuple(ledger.integrity()))
    except LedgerDamaged as error:
        return LedgerCheck(error.where or "ledger", (f"{error.message}: {error.cause}",))
