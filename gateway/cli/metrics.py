"""`gateway metrics`: what stands in the ledger, in the text form of Prometheus."""

from __future__ import annotations

import click

from gateway.cli.main import Shared


@click.command()
@click.pass_obj
def metrics(shared: Shared) -> None:
    """Print what stands in the ledger as Prometheus metrics, for the textfile collector of a cron site.

    A service serves the same, and what its passes did, under /metrics where `service.listen` is set.
    """
    from gateway.clock import SystemClock
    from gateway.config.loading import load_site
    from gateway.service.health import opened
    from gateway.service.metrics import ledger_text
    from gateway.service.snapshot import take

    site = load_site(shared.directory())
    with opened(site) as ledger:
        snapshot = take(site, ledger, SystemClock())
    click.echo(ledger_text(snapshot, site), nl=False)
