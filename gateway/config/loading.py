"""Loading a site: ``config/gateway.yaml`` becomes a ``Site``, or all its problems at once."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway import documents
from gateway.config import checks, schema
from gateway.config.building import build_site
from gateway.config.secrets import SecretMissing, holds_password, reveal
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
    its file, each with line, path, what was found and what is allowed.
    """
    home = Path(os.path.abspath(directory))
    document, raw = _read(home)
    data = _valid(document, home, message_types)
    secrets = os.environ if environment is None else environment
    ledger, problem = _ledger(document, data["site"]["ledger"], home, secrets)
    if problem is not None:
        raise _refused(document, [problem])
    return build_site(data, home, ledger, hashlib.sha256(raw).hexdigest())


def redacted(directory: Path) -> dict[str, Any]:
    """Return the configuration as it is understood, defaults included, secrets left where they are.

    Raises as ``load_site`` does; a missing secret is no problem here.
    """
    home = Path(os.path.abspath(directory))
    document, _raw = _read(home)
    shown: dict[str, Any] = _valid(document, home, None)
    for name, route in shown["routes"].items():
        route["source"]["path"] = route["source"]["path"] or f"inbox/{name}"
    return shown


def _read(home: Path) -> tuple[Document, bytes]:
    """Return the document and the very bytes that it was read from."""
    path = home / FILE
    try:
        with path.open("rb") as file:
            raw = file.read(documents.MAX_BYTES + 1)
        return documents.parse(raw, str(path)), raw
    except (FileNotFoundError, NotADirectoryError):
        hint = f"`gateway init {home}` makes one; `--site` names another directory"
        raise ConfigurationMissing(where=str(path), hint=hint) from None
    except OSError as error:
        raise ConfigurationError("The configuration cannot be read", where=str(path), cause=error) from error
    except documents.DocumentError as error:
        raise ConfigurationError(where=str(path), hint=_HINT, problems=error.problems) from error


def _valid(document: Document, home: Path, message_types: Collection[str] | None) -> dict[str, Any]:
    """Return the data with its defaults; raises ConfigurationError with all problems."""
    problems = documents.validate(document, schema.site_schema())
    if not problems:
        data: dict[str, Any] = schema.with_defaults(document.data)
        problems = [*checks.check_site(document, data, home, message_types)]
        problems += _literal_password(document, data["site"]["ledger"])
    if problems:
        raise _refused(document, problems)
    return data


def _literal_password(document: Document, ledger: Any) -> list[Problem]:
    if not isinstance(ledger, str) or not holds_password(ledger):
        return []
    # what was found is not shown: it is the secret
    return [
        document.problem(
            ("site", "ledger"), "a password must not stand in the configuration",
            allowed="{env: NAME} or {file: PATH}",
        )
    ]  # fmt: skip


def _ledger(
    document: Document, value: Any, home: Path, environment: Mapping[str, str]
) -> tuple[str, Problem | None]:
    if value is None:
        return "", None
    try:
        return reveal(value, home, environment), None
    except SecretMissing as error:
        return "", document.problem(("site", "ledger"), str(error))


def _refused(document: Document, problems: list[Problem]) -> ConfigurationError:
    ordered = sorted(problems, key=lambda each: (each.line or 0, each.column or 0, each.path))
    return ConfigurationError(where=document.file, hint=_HINT, problems=ordered)
