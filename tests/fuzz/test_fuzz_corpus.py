"""What the searches found is tried again, and a few inputs more for every target."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.strategies import inputs
from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

FOUND = sorted(path for path in CORPUS.rglob("*") if path.is_file())

#: Inputs for each target in the default suite; those that read whole files are slow.
FEW, SOME = 4, 25


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_a_search_found_is_withstood(path: Path) -> None:
    """The gateway shall withstand every input that once broke one of its promises."""
    TARGETS[path.parent.name].attack(path.read_bytes())


def test_every_corpus_has_a_target() -> None:
    """A corpus without a target would be tried by nobody."""
    assert {path.parent.name for path in FOUND} <= TARGETS.keys()


@pytest.mark.parametrize("name", TARGETS)
def test_nearly_good_input_is_withstood(name: str) -> None:
    """The gateway shall end every input in its own words, and keep what it promises of it."""
    target = TARGETS[name]
    most = FEW if name.startswith(("read-", "format-", "xsd", "json-schema")) else SOME

    @settings(
        max_examples=most,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(target))
    def search(data: bytes) -> None:
        target.attack(data)

    search()
