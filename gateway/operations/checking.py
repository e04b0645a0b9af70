"""Everything that can be known to be wrong before a file arrives: configuration and formats together."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path

from gateway import documents
from gateway.config.loading import known_site
from gateway.config.settings import Site
from gateway.errors import FormatError
from gateway.formats.catalogue import Catalogue
from gateway.formats.check import check_format
from gateway.formats.check_versions import shared_texts
from gateway.formats.definition import Version
from gateway.formats.loading import FILE_NAME
from gateway.formats.lock import Release
from gateway.formats.versions import parse_range
from gateway.model import Problem
from gateway.operations.mapping import mapping_problems, route_problems
from gateway.operations.numbering import numbering_problems


def check_site(directory: Path) -> tuple[Site, list[Problem]]:
    """Return the site and what is wrong with the formats that its routes use.

    Raises ConfigurationMissing, or ConfigurationError with every problem of the configuration,
    message types that the catalogue does not have among them; or what a pass would say of a key that cannot
    sign. Secrets need not be there: this is asked on engineers' desks; `site.missing_secrets` names those
    that are not.
    """
    site = known_site(directory)
    catalogue = Catalogue.load(site.formats)
    site = known_site(directory, catalogue.message_types())
    _demand_signer(site)
    used = sorted({route.message_type for route in site.routes})
    problems = problems_of(catalogue, [(name, each) for name in used for each in catalogue.versions(name)])
    mapped = sorted({route.message_type for route in site.routes if route.deliver_as})
    problems += [*lock_problems(catalogue), *mapping_problems(catalogue, mapped)]
    problems += numbering_problems(site, catalogue)
    return site, [*dict.fromkeys(problems), *_unusable(site, catalogue), *route_problems(site, catalogue)]


def _demand_signer(site: Site) -> None:
    """Raise ConfigurationError as a pass would, unless the key's passphrase is not here."""
    if all(one.path != "audit.passphrase" for one in site.missing_secrets):
        site.audit.signer()


def problems_of(catalogue: Catalogue, wanted: Sequence[tuple[str, Version]]) -> list[Problem]:
    """Return every problem of the ``wanted`` format versions, each with file and line."""
    problems: list[Problem] = []
    for message_type, version in wanted:
        try:
            problems += check_format(catalogue.look(message_type, version))
        except FormatError as error:
            problems += _advised(error) or [_whole(error)]
        try:
            catalogue.get(message_type, version)
        except FormatError as error:
            problems += _advised(error) or [_whole(error)]
    for message_type in dict.fromkeys(name for name, _version in wanted):
        versions = {each for name, each in wanted if name == message_type}
        problems += shared_problems(catalogue, message_type, versions)
    return list(dict.fromkeys(problems))


def shared_problems(catalogue: Catalogue, message_type: str, wanted: Collection[Version]) -> list[Problem]:
    """Return a problem for each text that means one of the ``wanted`` versions and an earlier one as well."""
    problems = []
    for definition, complaint in shared_texts(catalogue.readable(message_type)):
        if definition.version in wanted:
            path = catalogue.entries[message_type][definition.version] / FILE_NAME
            problems.append(documents.read(path).problem(*complaint))
    return problems


def lock_problems(catalogue: Catalogue) -> list[Problem]:
    """Return what is wrong with the lock as a whole: it cannot be read, or what it names is gone."""
    try:
        lock = catalogue.lock()
    except FormatError as error:
        return _advised(error) or [_whole(error)]
    present = {f"{name} {version}" for name, versions in catalogue.entries.items() for version in versions}
    gone = [one.item for one in lock.entries if isinstance(one, Release) and one.item not in present]
    return [
        Problem(lock.where, "it is in the lock, and the catalogue does not have it", path=item)
        for item in gone
        if not (catalogue.directory / item.replace(" ", "/", 1)).is_file()
    ]


def _whole(error: FormatError) -> Problem:
    cause = f": {error.cause}" if error.cause else ""
    advice = f". {error.hint}" if error.hint else ""
    return Problem(error.where or "formats", f"{error.message}{cause}{advice}")


def _advised(error: FormatError) -> list[Problem]:
    """Return the problems of an error, each with what the error says is to be done."""
    advice = f". {error.hint}" if error.hint else ""
    return [dataclasses.replace(one, message=f"{one.message}{advice}") for one in error.problems]


def _unusable(site: Site, catalogue: Catalogue) -> list[Problem]:
    """Return a problem for each range of versions, of a route or partner, that has none of the catalogue."""
    ranges = [
        (f"routes.{route.name}.versions", "this route accepts", route.message_type, route.versions)
        for route in site.routes
    ]
    for partner in site.partners:
        place = f"partners.{partner.name}.versions"
        ranges += [
            (f"{place}.{name}", "this partner may send", name, text)
            for name, text in partner.versions.items()
            if catalogue.versions(name)
        ]
    problems = []
    for path, whose, message_type, text in ranges:
        versions = catalogue.versions(message_type)
        if not any(parse_range(text).accepts(version) for version in versions):
            problems.append(
                Problem(
                    str(site.directory / "config" / "gateway.yaml"),
                    f"the catalogue has no version that {whose}",
                    path=path,
                    found=text,
                    allowed=", ".join(map(str, versions)),
                )
            )
    return problems
