"""Sites whose ledger is on a server."""

from __future__ import annotations

from pathlib import Path

from gateway.operations.setup import init_site
from tests.pipeline.plant import Plant, configuration


def sited(directory: Path, url: str, routes: str) -> Plant:
    """Make a site in ``directory`` with its ledger at ``url``, as the configuration writes it."""
    text = configuration(routes).replace("site:\n", f"site:\n  ledger: {url}\n", 1)
    init_site(directory, text)
    return Plant(directory)
