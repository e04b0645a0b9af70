"""What paths in the configuration mean: they start at the site directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def absolute(text: str, directory: Path) -> Path:
    """Return the path that ``text`` means in the site ``directory``, without ``.`` and ``..``."""
    return Path(os.path.normpath(directory / text))


def optional(text: str | None, directory: Path) -> Path | None:
    """Return the path that ``text`` means in the site ``directory``; None for None."""
    return None if text is None else absolute(text, directory)


def inbox(name: str, route: Mapping[str, Any], directory: Path) -> Path | None:
    """Return the directory of this machine in which the files of the route ``name`` arrive, if it is one."""
    source = route["source"]
    return absolute(source["path"] or f"inbox/{name}", directory) if source["type"] == "folder" else None
