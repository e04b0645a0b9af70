"""The test cases beside a mapping: an input, and the output or the refusal that must come of it.

``<mapping without .yaml>/<case>/`` holds ``input.*`` and either ``expected.*``, byte for byte, or
``refused.yaml``: a list of findings, each with its ``code`` and as much of its place as matters.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway import documents
from gateway.documents import DocumentError
from gateway.findings import Findings
from gateway.mappings.convert import Open
from gateway.mappings.definition import Bound
from gateway.mappings.produce import produce
from gateway.model import Finding, Problem, Severity
from gateway.printable import printable
from gateway.validation.reading import Input, ListingLimits, read_files

_REFUSED = "refused.yaml"
#: What a listed refusal may say of its place.
_PLACES = ("code", "record_type", "record", "line", "column", "value")
#: Characters of a line that a problem shows.
_SHOWN = 160
_LIMITS = ListingLimits(per_rule=200, per_file=1000)


def directory_of(mapping_file: Path) -> Path:
    """Return the directory of the cases of a mapping."""
    return mapping_file.with_suffix("")


def check_cases(bound: Bound) -> list[Problem]:
    """Run every case beside the mapping; return a problem for each that does not come out as it should.

    A released mapping has at least one case.
    """
    file = bound.mapping.file
    assert file is not None  # noqa: S101 - it was loaded from there
    directory = directory_of(file)
    try:
        names = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        names = []
    except OSError as error:
        return [Problem(str(directory), f"the cases cannot be listed: {error.strerror}")]
    if not names:
        return [Problem(str(file), "the mapping has no test case", allowed=f"{directory.name}/<case>/")]
    return [problem for name in names for problem in _check(bound, directory / name)]


def _check(bound: Bound, case: Path) -> list[Problem]:
    try:
        names = sorted(entry.name for entry in os.scandir(case))
        inputs = [case / name for name in names if name.startswith("input.")]
        wanted = [case / name for name in names if name.startswith("expected.") or name == _REFUSED]
        if len(inputs) != 1 or len(wanted) != 1:
            allowed = f"one input.*, and one expected.* or {_REFUSED}"
            return [Problem(str(case), "the case is not complete", found=", ".join(names), allowed=allowed)]
        return list(_run(bound, inputs[0], wanted[0]))
    except DocumentError as error:
        return list(error.problems)
    except OSError as error:
        return [Problem(str(case), f"the case cannot be read: {error.strerror}")]


def _run(bound: Bound, given: Path, wanted: Path) -> Iterator[Problem]:
    """Yield how the case differs from what it should be."""
    opened = _reading(given)
    before = _read(bound, opened)
    if before.errors:
        yield Problem(str(given), f"the input is no valid {bound.source.name}: {_first(before)}")
        return
    with tempfile.TemporaryDirectory(prefix="gateway-") as place:
        made = Path(place) / "output"
        done = produce(bound, opened, lambda: made.open("wb"), _reading(made), _LIMITS)
        if wanted.name == _REFUSED:
            yield from _refusals(done.findings, wanted)
        elif not done.is_good:
            yield Problem(str(given), f"the mapping refuses it: {_first(done.findings)}")
        else:
            yield from _difference(made, wanted)


def _reading(path: Path) -> Open:
    return lambda: path.open("rb")


def _read(bound: Bound, opened: Open) -> Findings:
    reading = read_files(bound.source, [Input(0, "input", opened)], limits=_LIMITS)[0]
    reading.keys.close()
    return reading.findings


def _first(findings: Findings) -> str:
    found = findings.headline()
    if found is None:
        return "no finding"
    place = f" in line {found.line}" if found.line else ""
    return f"{found.code}{place}: {printable(found.message)}"


def _difference(made: Path, wanted: Path) -> Iterator[Problem]:
    """Yield the first line in which the two files differ."""
    with made.open("rb") as one, wanted.open("rb") as other:
        number = 0
        while True:
            number += 1
            found, expected = one.readline(), other.readline()
            if found != expected:
                yield Problem(
                    str(wanted),
                    "the output is another one",
                    line=number,
                    found=_shown(found),
                    allowed=_shown(expected),
                )
                return
            if not found:
                return


def _shown(line: bytes) -> str:
    if not line:
        return "the end of the file"
    text = printable(line[:_SHOWN].decode("utf-8", "replace"))
    return f"{text} ..." if len(line) > _SHOWN else text


def _refusals(findings: Findings, wanted: Path) -> Iterator[Problem]:
    """Yield each listed refusal that was not found, and each found one that is not listed."""
    document = documents.read(wanted)
    listed: Any = document.data
    if not isinstance(listed, list) or not all(_is_refusal(one) for one in listed):
        allowed = f"a list of findings, each with {', '.join(_PLACES)}"
        yield document.problem((), "this does not say what is refused", None, allowed)
        return
    left = [one for one in findings.listed() if one.severity is Severity.ERROR]
    for index, one in enumerate(listed):
        match = next((found for found in left if _is_meant(one, found)), None)
        if match is None:
            yield document.problem((index,), "the mapping does not refuse this", _first(findings))
        else:
            left.remove(match)
    for found in left:
        place = f"{found.code}, line {found.line}, column {found.column}"
        yield document.problem((), f"the mapping refuses this too: {printable(found.message)}", place)


def _is_refusal(one: object) -> bool:
    return isinstance(one, dict) and "code" in one and set(one) <= set(_PLACES)


def _is_meant(listed: dict[str, Any], found: Finding) -> bool:
    return all(str(getattr(found, key)) == str(value) for key, value in listed.items())
