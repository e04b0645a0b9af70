"""Making a site: commented configuration, formats, directories."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from gateway.bundle import bundled
from gateway.config.loading import load_site
from gateway.config.settings import Destination, Site, Source
from gateway.custody.layout import Layout
from gateway.errors import ActionRefused, CustodyError
from gateway.ledger.engine import default_url, open_ledger

_CONFIGURATION = "gateway.yaml"
#: The unit file for systemd below ``config/``, and the paths in it that stand for this installation's.
_UNIT = "systemd/gateway.service"
_UNIT_SITE, _UNIT_PROGRAM = "/srv/plant", "/opt/gateway/bin/gateway"
#: Paths that mean the same in every place of a unit file.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/-]+")


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
        unit = directory / "config" / _UNIT
        unit.parent.mkdir(exist_ok=True)
        unit.write_text(unit_text(directory, Path(sys.executable).with_name("gateway")), encoding="utf-8")
        site = load_site(directory)
        Layout(site.directory).create([route.name for route in site.routes])
        used = [one.path for one in _places(site) if isinstance(one.path, Path)]
        for path in used:
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CustodyError("The site cannot be made", where=str(directory), cause=error) from error
    open_ledger(site.ledger or default_url(site.directory), create=True).close()
    return used


def unit_text(directory: Path, program: Path) -> str:
    """Return the unit file for systemd of the site in ``directory``, run by ``program``.

    A path that is not there, or that a unit file would read otherwise (blanks, ``%``), is left to the reader.
    """
    text = (bundled("config") / _UNIT).read_text(encoding="utf-8")
    if program.exists() and _PLAIN_PATH.fullmatch(str(program)):
        text = text.replace(_UNIT_PROGRAM, str(program))
    return text.replace(_UNIT_SITE, str(directory)) if _PLAIN_PATH.fullmatch(str(directory)) else text


def _places(site: Site) -> list[Source | Destination]:
    """Return every place that files come from or go to."""
    sources: list[Source | Destination] = [route.source for route in site.routes]
    return sources + [destination for route in site.routes for destination in route.destinations]
