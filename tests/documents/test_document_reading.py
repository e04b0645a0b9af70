"""YAML is read as it was written, with the place of every value, and cannot hurt the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import documents

if TYPE_CHECKING:
    from pathlib import Path


def data(text: str) -> object:
    return documents.parse(text.encode(), "site.yaml").data


def problems(raw: bytes) -> list[str]:
    with pytest.raises(documents.DocumentError) as caught:
        documents.parse(raw, "site.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "text",
    ["NO", "yes", "on", "007", "1.10", "1.0", "1e3", "0x1f", "0o17", "1_000", "12:30:00", "2026-11-22", "-0",
     "+5", ".5", "NaN", "True", "NULL", "99999999999999999999", "=", "<<"],
)  # fmt: skip
def test_a_scalar_that_is_not_plainly_a_number_or_a_word_stays_text(text: str) -> None:
    """The gateway shall never damage a code, a version, a date or an identifier by reading it."""
    assert data(f"value: {text}") == {"value": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("12", 12),
        ("-7", -7),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_whole_numbers_and_the_three_words_are_understood(text: str, value: object) -> None:
    """The gateway shall read canonical whole numbers, true, false and null as such."""
    assert data(f"value: {text}") == {"value": value}


@pytest.mark.parametrize("text", ['"12"', "'true'", "|-\n  null"])
def test_quoted_text_is_text(text: str) -> None:
    """The gateway shall take quoted and block scalars as text whatever they look like."""
    assert isinstance(data(f"value: {text}")["value"], str)  # type: ignore[index] # a mapping


def test_keys_are_always_text() -> None:
    """The gateway shall keep keys such as 007 and NO as they stand."""
    assert data("{007: a, NO: b, 1: c, true: d}") == {"007": "a", "NO": "b", "1": "c", "true": "d"}


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=30))
def test_any_quoted_text_survives(text: str) -> None:
    """The gateway shall read back any text that stands between single quotes."""
    quoted = text.replace("'", "''")
    assert data(f"value: '{quoted}'") == {"value": text}


def test_every_value_has_its_line_and_column() -> None:
    """The gateway shall know where a value stands, and where its surroundings stand if it is missing."""
    document = documents.parse(b"a: 1\nlist:\n  - x\n  - key: y\n", "f")
    assert document.position(("a",)) == (1, 1)
    assert document.position(("list", 0)) == (3, 5)
    assert document.position(("list", 1, "key")) == (4, 5)
    assert document.position(("list", 1, "absent", "deeper")) == (4, 5)
    assert document.position(("nowhere",)) == (1, 1)


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    """The gateway shall refuse a key that stands twice, instead of keeping the last."""
    assert problems(b"a:\n  b: 1\n  c: 2\n  b: 3\n") == [
        "site.yaml:4:3: a.b: the key `b` stands here a second time (first in line 2)"
    ]


def test_all_duplicate_keys_are_told_at_once() -> None:
    """The gateway shall report every duplicate key of a document, not only the first."""
    assert len(problems(b"{a: 1, a: 2, b: {c: 1, c: 2}}")) == 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a: [1, 2", "this is not YAML"),
        (b"op: >=", "this is not YAML"),
        (b"a: \x00", "this is not YAML"),
        (b"a: 1\n---\nb: 2\n", "more than one document"),
        (b"ok: 1\nname: \xfc\n", "site.yaml:2: the document is not UTF-8"),
        (b"? [1, 2]\n: x", "a key must be text"),
        (
            b"a: !!python/object/apply:os.system [ls]",
            "the tag tag:yaml.org,2002:python/object/apply:os.system",
        ),
        (b"a: !secret x", "the tag !secret is not allowed"),
        (b"a: !!int '7'", "the tag tag:yaml.org,2002:int is not allowed"),
        (b"[" * 100_000, "nested more than 64 levels deep"),
        (b"a: &a [*a]", "nested more than 64 levels deep"),
        (b"a: *unknown", "this is not YAML"),
        (b"#" * (documents.MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_is_not_acceptable_yaml_is_refused_in_words(raw: bytes, said: str) -> None:
    """The gateway shall refuse hostile or broken YAML with a readable problem and never crash."""
    found = problems(raw)
    assert len(found) == 1
    assert said in found[0]


def test_a_billion_laughs_are_not_laughed() -> None:
    """The gateway shall bound what aliases expand to."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "aliases expand to more than" in problems("\n".join(lines).encode())[0]


def test_a_few_aliases_are_welcome() -> None:
    """The gateway shall let a document repeat itself by alias."""
    assert data("base: &b {x: 1}\nother: *b\n") == {"base": {"x": 1}, "other": {"x": 1}}


def test_a_byte_order_mark_and_an_empty_document_are_fine(tmp_path: Path) -> None:
    """The gateway shall read a document with a byte order mark, and an empty one as nothing."""
    path = tmp_path / "site.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert documents.read(path).data == {"a": 1}
    path.write_bytes(b"")
    assert documents.read(path).data is None


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The gateway shall say which file it could not read, and why."""
    with pytest.raises(documents.DocumentError, match=r"absent\.yaml.*No such file"):
        documents.read(tmp_path / "absent.yaml")


@given(st.binary(max_size=60))
def test_no_bytes_at_all_crash_the_reading(raw: bytes) -> None:
    """The gateway shall answer any bytes with data or with problems."""
    try:
        told = bool(documents.parse(raw, "f").file)
    except documents.DocumentError as error:
        told = bool(error.problems)
    assert told
