"""Loading a site: ``config/gateway.yaml`` becomes a ``Site``, or all its problems at once."""

from __future__ import annotations

import copy
import dataclasses
import functools
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway import documents
from gateway.config import checks, schema
from gateway.config.building import build_site
from gateway.config.secrets import Secrets, demand_secrets, is_secret_place, literal_secrets
from gateway.errors import ConfigurationError, ConfigurationMissing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gateway.config.settings import Site
    from gateway.documents import Document
    from gateway.model import Problem

#: The site's configuration, below its directory.
FILE = Path("config", "gateway.yaml")

_HINT = "`gateway config check` shows this list again; docs/configuration.md says what is allowed"


def load_site(
    directory: Path,
    message_types: Collection[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Site:
    """Return the site in ``directory``.

    ``message_types`` are those of the catalogue, if the routes' are to be compared with them;
    ``environment`` holds the secrets (default: the process's own).

    Raises ConfigurationMissing if there is no site, ConfigurationError with every problem of
    its file, each with line, path, what was found and what is allowed, and SecretsMissing if the
    ledger cannot be found for want of a secret. Other secrets that cannot be had are noted in the site;
    `secrets.demand_secrets` asks for them.
    """
    site = known_site(directory, message_types, environment)
    demand_secrets(site, "site.ledger")
    return site


def known_site(
    directory: Path,
    message_types: Collection[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Site:
    """Return the site in ``directory`` even if no secret can be had: to look at, not to work on."""
    home = Path(os.path.abspath(directory))
    raw = _read(home)
    document, data = _understood(raw, home, None if message_types is None else frozenset(message_types))
    secrets = Secrets(home, os.environ if environment is None else environment)
    site = build_site(data, home, secrets, hashlib.sha256(raw).hexdigest())
    missing = tuple(document.problem(place, why) for place, why in secrets.missing)
    return dataclasses.replace(site, missing_secrets=missing)


def redacted(directory: Path) -> dict[str, Any]:
    """Return the configuration as it is understood, defaults included, secrets left where they are.

    Raises as ``load_site`` does; a missing secret is no problem here.
    """
    home = Path(os.path.abspath(directory))
    shown: dict[str, Any] = copy.deepcopy(_understood(_read(home), home, None)[1])
    for name, route in shown["routes"].items():
        if route["source"]["path"] is None:
            route["source"]["path"] = f"inbox/{name}"
    return shown


@functools.lru_cache(maxsize=8)
def _understood(
    raw: bytes, home: Path, message_types: frozenset[str] | None
) -> tuple[Document, dict[str, Any]]:
    """Return the document in ``raw`` and its data with defaults; the same bytes are understood once."""
    path = str(home / FILE)
    try:
        document = documents.parse(raw, path)
    except documents.DocumentError as error:
        raise ConfigurationError(where=path, hint=_HINT, problems=error.problems) from error
    return document, _valid(document, home, message_types)


def _read(home: Path) -> bytes:
    """Return the very bytes of the configuration, one too many where it is too large."""
    path = home / FILE
    try:
        with path.open("rb") as file:
            return file.read(documents.MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        hint = f"`gateway init {home}` makes one; `--site` names another directory"
        raise ConfigurationMissing(where=str(path), hint=hint) from None
    except OSError as error:
        raise ConfigurationError("The configuration cannot be read", where=str(path), cause=error) from error


def _valid(document: Document, home: Path, message_types: Collection[str] | None) -> dict[str, Any]:
    """Return the data with its defaults; raises ConfigurationError with all problems."""
    literal = literal_secrets(document)
    problems = [*literal, *_without_secrets(documents.validate(document, schema.site_schema()), literal)]
    if not problems:
        data: dict[str, Any] = schema.with_defaults(document.data)
        problems = [*checks.check_site(document, data, home, message_types)]
    if problems:
        raise _refused(document, problems)
    return data


def _without_secrets(problems: list[Problem], literal: list[Problem]) -> list[Problem]:
    """Return ``problems`` without what is said of a secret already, and never with what was found in one."""
    told = {one.path for one in literal}
    return [
        dataclasses.replace(one, found=None) if is_secret_place(one.path) else one
        for one in problems
        if one.path not in told
    ]


def _refused(document: Document, problems: list[Problem]) -> ConfigurationError:
    ordered = sorted(problems, key=lambda each: (each.line or 0, each.column or 0, each.path))
    return ConfigurationError(where=document.file, hint=_HINT, problems=ordered)
