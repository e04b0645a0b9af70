"""Mappings as people ask for them: are they in order, does every route have its own, what do they make."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gateway.config.settings import Route, Site
from gateway.custody.look import exists, open_regular
from gateway.custody.writes import discard, writing
from gateway.errors import FormatError, FormatNotLocked, GatewayError, MappingInvalid, UsageError
from gateway.findings import Findings
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format, Status
from gateway.formats.versions import parse_range
from gateway.mappings.definition import Bound, End
from gateway.mappings.loading import find, load_mapping, path_of, strays
from gateway.mappings.shelf import Shelf, demand_locked, parse_end
from gateway.model import Finding, Problem

if TYPE_CHECKING:
    from gateway.documents import Document
    from gateway.mappings.produce import Produced


def mapping_problems(catalogue: Catalogue, message_types: Iterable[str]) -> list[Problem]:
    """Return what is wrong with the mappings of ``message_types`` and how they stand to the lock."""
    problems: list[Problem] = []
    for name in message_types:
        problems += [
            Problem(str(path), "this is not the name of a mapping", allowed="1.0.0-to-1.1.0.yaml")
            for path in strays(catalogue.directory, name)
        ]
        for _source, _target, path in find(catalogue.directory, name):
            problems += _problems(catalogue, path)
    return problems


def case_problems(catalogue: Catalogue, message_types: Iterable[str]) -> list[Problem]:
    """Return the test cases that do not pass, of the mappings with which nothing else is wrong."""
    paths = [path for name in message_types for _source, _target, path in find(catalogue.directory, name)]
    return [problem for path in paths for problem in _case_problems(catalogue, path)]


def count_of(catalogue: Catalogue, message_types: Iterable[str]) -> int:
    """Return how many mappings ``message_types`` have."""
    return sum(1 for name in message_types for _one in find(catalogue.directory, name))


def demand_releasable(catalogue: Catalogue, path: Path) -> None:
    """Raise MappingInvalid unless the mapping in ``path`` is called released and nothing is wrong with it."""
    problems = [one for one in _problems(catalogue, path) if one.path != _LOCK]
    problems = problems or _case_problems(catalogue, path)
    if problems:
        raise MappingInvalid(where=str(path), problems=problems)
    mapping, document = load_mapping(path)
    if mapping.status is not Status.RELEASED:
        problem = document.problem(("status",), "only a released mapping is locked", "draft", "released")
        raise MappingInvalid(where=str(path), problems=[problem])


#: The path of a problem that the lock has with a mapping.
_LOCK = "status"


def _problems(catalogue: Catalogue, path: Path) -> list[Problem]:
    from gateway.mappings.check import check_mapping

    try:
        bound, document = _bound(catalogue, path)
        mapping = bound.mapping
        problems = check_mapping(mapping, bound.source, bound.target, document)
    except FormatError as error:
        return list(error.problems) or [_whole(error, path)]
    try:
        demand_locked(catalogue, mapping)
    except FormatNotLocked as error:
        found = document.problem((_LOCK,), error.message, mapping.status.value)
        problems.append(found)
    except FormatError as error:
        problems += error.problems or [_whole(error, path)]
    return problems


def _case_problems(catalogue: Catalogue, path: Path) -> list[Problem]:
    # only here, so that a look at the configuration starts no data library
    from gateway.mappings.cases import check_cases
    from gateway.mappings.check import check_mapping

    try:
        bound, document = _bound(catalogue, path)
        if check_mapping(bound.mapping, bound.source, bound.target, document):
            return []
        return check_cases(bound)
    except FormatError:  # told by `mapping_problems`
        return []


def _bound(catalogue: Catalogue, path: Path) -> tuple[Bound, Document]:
    mapping, document = load_mapping(path)
    source = _looked(catalogue, mapping.source)
    return Bound(mapping, source, _looked(catalogue, mapping.target)), document


def _looked(catalogue: Catalogue, end: End) -> Format:
    return catalogue.look(end.message_type, end.version)


def _whole(error: GatewayError, path: Path) -> Problem:
    cause = f": {error.cause}" if error.cause else ""
    return Problem(str(path), f"{error.message}{cause}")


def route_problems(site: Site, catalogue: Catalogue) -> list[Problem]:
    """Return a problem for each version that a route accepts and cannot deliver as it says."""
    return [problem for route in site.routes for problem in _route_problems(site, route, catalogue)]


def _route_problems(site: Site, route: Route, catalogue: Catalogue) -> list[Problem]:
    if route.deliver_as is None:
        return []
    target = parse_end(route.deliver_as)
    place = (str(site.directory / "config" / "gateway.yaml"), f"routes.{route.name}.deliver_as")
    if target.version not in catalogue.versions(target.message_type):
        known = ", ".join(map(str, catalogue.versions(target.message_type)))
        message = "the catalogue has no such format version"
        return [Problem(place[0], message, path=place[1], found=route.deliver_as, allowed=known or None)]
    accepted = parse_range(route.versions)
    problems = []
    if _is_retired(catalogue, target):
        problems.append(Problem(place[0], "the version is retired", path=place[1], found=route.deliver_as))
    for version in catalogue.versions(route.message_type):
        source = End(route.message_type, version)
        if not accepted.accepts(version) or source == target:
            continue
        if not path_of(catalogue.directory, source, target).is_file():
            message = f"the route accepts {source}, and no mapping leads from there"
            problems.append(Problem(place[0], message, path=place[1], found=route.deliver_as))
    return problems


def _is_retired(catalogue: Catalogue, end: End) -> bool:
    try:
        return catalogue.get(end.message_type, end.version).status is Status.RETIRED
    except FormatError:
        return False  # the check of the formats says what is wrong with it


@dataclass(frozen=True, slots=True)
class Mapped:
    """What became of one file: where its output is, or why there is none."""

    source: str | None  #: ``confirmation 1.1.0``; None where no format fits
    target: str
    mapping: str | None
    size: int
    sha256: str | None
    findings: Findings

    @property
    def is_good(self) -> bool:
        """Whether there is an output."""
        return self.sha256 is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        return {
            "source": self.source,
            "target": self.target,
            "mapping": self.mapping,
            "size": self.size,
            "sha256": self.sha256,
            "findings": self.findings.summary(),
        }


def map_file(file: Path, chosen: str | None, target: str, catalogue: Catalogue, output: Path) -> Mapped:
    """Write what ``file`` becomes as ``target`` (``type@version``) to the new file ``output``.

    ``chosen`` is the file's own format as `validate_file` takes it. There is no output where the result
    has findings of severity error. Raises UsageError where ``output`` exists, MappingInvalid and FormatError
    for mapping and formats, CustodyError for the files.
    """
    # only here, so that a look at the configuration starts no ledger
    from gateway.operations.validating import definition_of

    if exists(output):
        raise UsageError("There is a file already", where=str(output), hint="Choose another name")
    end = parse_end(target)
    source = definition_of(catalogue, chosen, file)
    if isinstance(source, Finding):
        findings = Findings()
        findings.add(source)
        return Mapped(None, str(end), None, 0, None, findings)
    bound = Shelf().bound(catalogue, source, end)
    findings = _validated(source, file)
    if findings.errors:
        return Mapped(source.name, bound.target.name, bound.mapping.key, 0, None, findings)
    done = _produced(bound, file, output)
    if not done.is_good:
        discard(output)
    sha256 = done.sha256 if done.is_good else None
    size = done.size if done.is_good else 0
    return Mapped(source.name, bound.target.name, bound.mapping.key, size, sha256, done.findings)


def _opener(path: Path) -> Callable[[], AbstractContextManager[BinaryIO]]:
    return functools.partial(open_regular, os.fspath(path))


def _validated(source: Format, file: Path) -> Findings:
    from gateway.validation.reading import Input, ListingLimits, read_files

    reading = read_files(source, [Input(0, file.name, _opener(file))], limits=ListingLimits())[0]
    reading.keys.close()
    return reading.findings


def _produced(bound: Bound, file: Path, output: Path) -> Produced:
    from gateway.mappings.produce import produce
    from gateway.validation.reading import ListingLimits

    try:
        return produce(bound, _opener(file), lambda: writing(output), _opener(output), ListingLimits())
    except BaseException:
        discard(output)
        raise


def shown(file: Path, chosen: str | None, target: str, catalogue: Catalogue) -> tuple[Mapped, bytes]:
    """Return what `map_file` returns, and the output itself; no file is left."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as place:
        output = Path(place) / "output"
        mapped = map_file(file, chosen, target, catalogue, output)
        return mapped, output.read_bytes() if mapped.is_good else b""
