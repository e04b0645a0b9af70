"""Making a site: commented configuration, formats, directories."""

from __future__ import annotations

import shutil
from pathlib import Path

from gateway.bundle import bundled
from gateway.config.loading import load_site
from gateway.config.settings import Destination, Site, Source
from gateway.custody.layout import Layout
from gateway.errors import ActionRefused, CustodyError
from gateway.ledger.engine import default_url, open_ledger

_CONFIGURATION = "gateway.yaml"


def init_site(directory: Path, configuration: str | None = None) -> list[Path]:
    """Make a site in ``directory`` and return the directories that senders and receivers use.

    ``configuration`` is the text of `config/gateway.yaml`; by default the commented example.
    Raises ActionRefused where there is a site already: nothing of it is touched.
    """
    if (directory / "config" / _CONFIGURATION).exists():
        raise ActionRefused("There is a site already", where=str(directory), hint="Choose another directory")
    text = configuration or (bundled("config") / _CONFIGURATION).read_text(encoding="utf-8")
    try:
        (directory / "config").mkdir(parents=True, exist_ok=True)
        shutil.copytree(bundled("formats"), directory / "formats", dirs_exist_ok=True)
        (directory / "config" / _CONFIGURATION).write_text(text, encoding="utf-8")
        site = load_site(directory)
        Layout(site.directory).create([route.name for route in site.routes])
        used = [one.path for one in _places(site) if isinstance(one.path, Path)]
        for path in used:
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CustodyError("The site cannot be made", where=str(directory), cause=error) from error
    open_ledger(site.ledger or default_url(site.directory), create=True).close()
    return used


def _places(site: Site) -> list[Source | Destination]:
    """Return every place that files come from or go to."""
    sources: list[Source | Destination] = [route.source for route in site.routes]
    return sources + [destination for route in site.routes for destination in route.destinations]
