"""The fast library says of a document whether it is right, and says so only of what breaks no rule at all."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest

from gateway import documents
from gateway.bundle import bundled
from gateway.config.schema import site_schema
from gateway.formats import loading, lock_file
from gateway.mappings import loading as mappings
from gateway.model import Problem

FILES = [
    *((path, site_schema()) for path in bundled("config").glob("*.yaml")),
    *((path, loading.schema()) for path in bundled("formats").glob("*/*/format.yaml")),
    *((path, mappings.schema()) for path in bundled("formats").glob("*/mappings/*.yaml")),
    (bundled("formats") / "formats.lock", lock_file.schema()),
]
#: What a value is changed to, where it is not taken away; a function makes it from what stands there.
OTHERS: tuple[Any, ...] = (
    None, True, 0, 1, -1, 10**17, "", "x", "1", "A b", "\n", "x" * 300, "\u0663", "\x00", "/..", [], {},
    [1, 1], {"x": 1},
)  # fmt: skip


def slowly(document: documents.Document, schema: Any, monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    """Return what is wrong without asking the fast library first."""
    with monkeypatch.context() as patched:
        patched.setattr(documents, "_is_valid", lambda *_asked: False)
        return documents.validate(document, schema)


def places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container in ``data`` with each of its keys."""
    if isinstance(data, dict | list):
        for key in list(data) if isinstance(data, dict) else range(len(data)):
            yield data, key
            yield from places(data[key])


def changed(data: Any, chance: random.Random) -> Any:
    """Return ``data`` with one value changed, taken away, or given a strange neighbour."""
    other = copy.deepcopy(data)
    container, key = chance.choice(list(places(other)))
    match chance.randrange(4):
        case 0:
            del container[key]
        case 1 if isinstance(container, dict):
            container[chance.choice(("x", "Name", "type", "1", "a\n", ""))] = container[key]
        case 2 if isinstance(container[key], str):
            container[key] += chance.choice(("\n", " ", "0", "\u0663", "\x1f", "\u2028"))
        case _:
            container[key] = copy.deepcopy(chance.choice(OTHERS))
    return other


@pytest.mark.parametrize(("path", "schema"), FILES, ids=["/".join(path.parts[-3:]) for path, _ in FILES])
def test_the_fast_answer_is_that_of_the_library_that_explains(
    path: Any, schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document shall be called right exactly where no rule of its schema is broken."""
    document, chance = documents.read(path), random.Random(path.name)  # noqa: S311 - to be the same every time
    assert documents.validate(document, schema) == slowly(document, schema, monkeypatch) == []
    for _ in range(12):
        data = changed(document.data, chance)
        other = documents.Document(document.file, data, document.positions)
        assert documents.validate(other, schema) == slowly(other, schema, monkeypatch), data


def test_text_that_no_file_can_have_is_no_crash() -> None:
    """What the fast library cannot even look at shall be judged by the other one."""
    schema = {"propertyNames": {"maxLength": 1}}
    assert documents.validate(documents.Document("x", {"\ud800": 1}, {}), schema) == []
    assert len(documents.validate(documents.Document("x", {"\ud800\ud800": 1}, {}), schema)) == 1
