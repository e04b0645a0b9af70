"""Taking up a changed configuration while the gateway works, or saying why it is not taken."""

from __future__ import annotations

import dataclasses

from gateway.config.secrets import demand_secrets
from gateway.config.settings import Site
from gateway.errors import ConfigurationError
from gateway.formats.catalogue import Catalogue
from gateway.operations.checking import check_site
from gateway.operations.opening import make_directories
from gateway.sftp.pool import Pool
from gateway.stages.context import Context


def reloaded(context: Context) -> Context:
    """Return what passes work with after the configuration was read anew; ``context`` stays as it is.

    It is checked as `gateway config check` does, secrets included. Nothing is put on record yet.

    Raises ConfigurationError with every problem (SecretsMissing for secrets).
    """
    site, problems = check_site(context.site.directory)
    if problems:
        raise ConfigurationError("The formats that the configuration uses have problems", problems=problems)
    demand_secrets(site)
    _demand_same_ledger(context.site, site)
    layout = context.layout  # of the same site
    make_directories(layout, site)
    has_same_formats = site.formats == context.site.formats
    return dataclasses.replace(
        context,
        site=site,
        layout=layout,
        catalogue=context.catalogue if has_same_formats else _catalogue(context, site),
        # sessions that are lent end with the passes that use them
        connections=context.connections if site.servers == context.site.servers else Pool(site.servers),
    )


def _demand_same_ledger(before: Site, after: Site) -> None:
    if before.ledger != after.ledger:
        raise ConfigurationError(
            "`site.ledger` cannot be changed while the gateway works",
            hint="Stop it, move the ledger, and start it again",
        )


def _catalogue(context: Context, site: Site) -> Catalogue:
    """Return the catalogue in another directory; its lock must go on where the one before ended."""
    catalogue = Catalogue.load(site.formats)
    catalogue.noted = context.catalogue.noted
    return catalogue
