"""The configuration, the secrets that it points to, and the formats that its routes use."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.config.loading import FILE, known_site, redacted
from gateway.config.paths import absolute
from gateway.config.secrets import is_secret_place
from gateway.config.settings import Server, Site
from gateway.errors import ConfigurationError, ConfigurationMissing, FormatError, LoginRefused
from gateway.formats.catalogue import Catalogue, Standing
from gateway.model import Problem
from gateway.operations.checking import check_site
from gateway.operations.doctor.checks import Check, Subject, Verdict

_WHY = "`gateway run` does not start with it, and a running one keeps the configuration it has"
_DO = "Correct it; `gateway config check` shows all problems with what is allowed"
_FORMATS_WHY = "Files of a format with problems are refused or wait"
_FORMATS_DO = "`gateway formats check` shows all problems; a released version is never changed, only followed"
_CONFIGURATION = Subject("configuration", str(FILE))


def known(directory: Path) -> tuple[Site | None, list[Check]]:
    """Return the site, or None and everything that is wrong with its configuration.

    Raises ConfigurationMissing where there is none.
    """
    try:
        return known_site(directory), []
    except ConfigurationMissing:
        raise
    except ConfigurationError as error:
        found = [_CONFIGURATION.failure(str(one), _WHY, _DO) for one in error.problems]
        rest = "Directories and ledger are looked at where they usually are; servers and alerts cannot be"
        return None, found or [_CONFIGURATION.refused(error, f"{_WHY}. {rest}", _DO)]


def problems(site: Site) -> Iterator[Check]:
    """Yield what `gateway config check` finds in configuration and formats."""
    try:
        _site, found = check_site(site.directory)
    except ConfigurationError as error:
        if not error.problems:
            yield _CONFIGURATION.refused(error, _WHY, _DO)
            return
        found = list(error.problems)
    except FormatError as error:
        yield Subject("formats", "catalogue").refused(error, _FORMATS_WHY, _FORMATS_DO)
        return
    yield from _told(found)
    if not any(_is_configuration(one) for one in found):
        yield _CONFIGURATION.ok(
            f"{len(site.routes)} routes, {len(site.servers)} servers, {len(site.channels)} alert channels;"
            " no problem"
        )


def _told(found: Sequence[Problem]) -> Iterator[Check]:
    for one in found:
        if _is_configuration(one):
            yield _CONFIGURATION.failure(str(one), _WHY, _DO)
        else:
            yield Subject("formats", "catalogue").failure(str(one), _FORMATS_WHY, _FORMATS_DO)


def _is_configuration(problem: Problem) -> bool:
    return problem.file.endswith(str(FILE))


def versions(site: Site) -> Iterator[Check]:
    """Yield for each message type which versions may be used now, and how they stand to the lock."""
    try:
        catalogue = Catalogue.load(site.formats)
    except FormatError:
        return  # said by `problems`
    for name in sorted({route.message_type for route in site.routes}):
        listed = catalogue.versions(name)
        standings = {version: catalogue.standing(name, version) for version in listed}
        text = ", ".join(f"{version} ({standing.value})" for version, standing in standings.items())
        subject = Subject("formats", name)
        if Standing.LOCKED in standings.values():
            yield subject.ok(text)
        elif catalogue.usable(name):
            yield subject.warning(
                f"no version is released: {text}",
                "A draft can change without anybody noticing",
                f"`gateway formats lock {name}@{listed[-1]} --reason TEXT` releases it",
            )
        else:
            yield subject.failure(
                f"no version can be used: {text or 'there is none'}", _FORMATS_WHY, _FORMATS_DO
            )


def secrets(site: Site) -> Iterator[Check]:
    """Yield which secrets cannot be had, and which of their files others can read."""
    for problem in site.missing_secrets:
        yield Subject("configuration", problem.path).failure(
            problem.message,
            "`gateway run` does not start without it",
            "Set it for the gateway's account; if the service has it, run the doctor as the service runs",
        )
    files = {absolute(one, site.directory) for one in _files(redacted(site.directory), ())}
    for path in sorted(files):
        try:
            found = path.stat()
        except OSError:
            continue  # a missing secret: said already
        yield _closed(path, found)
    if not site.missing_secrets:
        yield Subject("configuration", "secrets").ok("all there")


def _files(data: Any, place: tuple[str, ...]) -> Iterator[str]:
    """Yield the path of every file that holds a secret."""
    if not isinstance(data, Mapping):
        return
    for key, value in data.items():
        if key == "file" and isinstance(value, str) and is_secret_place(".".join(place)):
            yield value
        yield from _files(value, (*place, str(key)))


def _closed(path: Path, found: os.stat_result) -> Check:
    subject = Subject("configuration", str(path))
    # of another owner's file the group may be the gateway's only way in, as with systemd's credentials
    forbidden = 0o077 if found.st_uid == os.geteuid() else 0o007
    mode = stat.S_IMODE(found.st_mode)
    if mode & forbidden:
        return subject.failure(
            f"others can read this secret (mode {mode:04o})",
            "Whoever reads it can log in as the gateway",
            f"`chmod 600 {path}`; consider the secret known, and ask for a new one",
        )
    return subject.ok(f"closed to others (mode {mode:04o})")


def login_files(server: Server) -> Iterator[Check]:
    """Yield whether the key and certificate of a server's login can be used."""
    from datetime import UTC, datetime, timedelta

    from gateway.sftp.keys import certify, private_key

    if server.login.key is None:
        return
    subject = Subject("configuration", str(server.login.key))
    why = f"The gateway cannot log in at {server.name} with it"
    try:
        key = private_key(server.login.key, server.login.passphrase)
        text = f"key of {server.name}: {key.get_name()} {key.fingerprint}, closed to others"
        until = certify(key, server.login.certificate) if server.login.certificate else None
    except LoginRefused as error:
        yield subject.refused(error, why)
        return
    if until is None:
        yield subject.ok(text)
        return
    left, ask = until - datetime.now(UTC), f"Ask {server.name} for a new certificate"
    text += f"; its certificate ends at {until:%Y-%m-%d %H:%M:%SZ}"
    if left > timedelta(days=14):
        yield subject.ok(text)
    else:
        verdict = Verdict.WARNING if left > timedelta() else Verdict.FAILURE
        yield subject.judged(verdict, text, why if verdict is Verdict.FAILURE else f"{why} after that", ask)
