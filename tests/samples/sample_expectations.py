"""The samples and what the gateway must say about each of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format, Status, Version
from gateway.formats.selection import choose_version
from gateway.readers import reader_for
from gateway.rules.file_names import match
from gateway.validation.reading import Input, ListingLimits, read_files

if TYPE_CHECKING:
    from gateway.model import Finding

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = Catalogue.load(ROOT / "formats")
SIDECAR = ".expect.yaml"


@dataclass(frozen=True, slots=True)
class Sample:
    """One example file, and its expectation where it has one."""

    path: Path

    @property
    def definition(self) -> Format:
        """The format version under whose directory the sample stands."""
        message_type, version = self.path.parts[-4:-2]
        return CATALOGUE.get(message_type, Version.parse(version))

    @property
    def expectation(self) -> dict[str, Any]:
        """What the file beside the sample says; nothing for a plain good one.

        ``codes`` are what is wrong, ``follow`` the codes that follow from it (a row that cannot be
        read is missing in the count), ``findings`` the places of the most telling ones.
        """
        sidecar = self.path.with_name(self.path.name + SIDECAR)
        if not sidecar.exists():
            return {"why": "", "codes": [], "follow": [], "findings": []}
        data = yaml.safe_load(sidecar.read_text("utf-8"))
        return {"follow": [], "findings": [], **data}

    def __str__(self) -> str:
        return "/".join(self.path.parts[-4:])


def samples(kind: str) -> list[Sample]:
    """Return all samples of ``kind`` (``good`` or ``bad``), in the order of their paths."""
    paths = sorted((ROOT / "samples").glob(f"*/*/{kind}/*"))
    return [Sample(path) for path in paths if not path.name.endswith(SIDECAR)]


@functools.cache
def choose(sample: Sample) -> Format | Finding:
    """Return the version that a sample's first bytes tell, or the finding that says why there is none.

    The version is chosen as a route does that accepts every released version, and a draft only
    for the draft's own samples.
    """
    every = CATALOGUE.usable(sample.definition.message_type)
    accepted = [each for each in every if each.status is Status.RELEASED or each is sample.definition]
    with sample.path.open("rb") as file:
        head = file.read(64 * 1024)
    if not head:
        return finding("F101", "The file is empty.")
    return choose_version(accepted, every, lambda each: reader_for(each.kind).probe(each, head), "envelope")


@functools.cache
def judge(sample: Sample) -> Findings:
    """Return what the gateway finds in a sample that arrives under its own name."""
    chosen = choose(sample)
    if not isinstance(chosen, Format):
        findings = Findings()
        findings.add(chosen)
        return findings
    found = read_together(chosen, [sample])[0]
    if chosen.file_name and match(chosen.file_name, sample.path.name) is None:
        found.add(finding("F210", "The name does not match."))
    return found


def read_together(definition: Format, batch: list[Sample]) -> list[Findings]:
    """Return the findings of each of ``batch``, read and validated in one go."""
    inputs = [Input(n, each.path.name, lambda p=each.path: p.open("rb")) for n, each in enumerate(batch)]  # type: ignore[misc] # mypy cannot infer default arguments of lambdas
    return [reading.findings for reading in read_files(definition, inputs, limits=ListingLimits())]


def codes(findings: Findings, severity: str = "error") -> list[str]:
    """Return the codes of one severity, each once, sorted."""
    summary = findings.summary()["totals"]
    return sorted({row["code"] for row in summary if row["severity"] == severity})
