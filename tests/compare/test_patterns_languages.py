"""What one pattern matches and another does not: texts that prove it, and proofs that there are none."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.compare.patterns import Unknown, difference, examples, matches


@pytest.mark.parametrize(
    ("one", "other", "lengths", "text"),
    [
        ("[A-Z]{1,5}", "[A-Z]{1,3}", (0, None), "ABCD"),
        ("[A-Z]{1,3}", "[A-Z]{1,5}", (0, None), None),
        ("[A-Z]{1,5}", "[A-Z]{1,3}", (0, 3), None),
        ("[A-Z]*", "[A-Z]{0,3}", (6, None), "ABCDEF"),
        ("[0-9]*", "[0-9]+", (0, None), ""),
        ("(?:A|B)+C?", "[A-C]*", (0, None), None),
        ("(?P<year>[0-9]{4})-x", "[0-9]+-x", (0, None), None),
        ("^[A-Z]+$", "[A-Z]+?", (0, None), None),
        ("a$b|c", "c", (0, None), None),
        ("[^;]", ".", (0, None), "\n"),
        (r"[\]\-a]", r"[a\]]|-", (0, None), None),
        (r"\.", ".", (0, None), None),
        (None, "[A-Z]*", (0, None), "1"),
        ("[A-Z]*", None, (0, None), None),
        ("é|[a-z]", "[a-zà-ÿ]", (0, None), None),
    ],
)
def test_patterns_difference(one: str, other: str, lengths: tuple[int, int | None], text: str | None) -> None:
    """A shortest text that only one pattern matches shall be named, or its absence proved."""
    assert difference(one, other, lengths=lengths) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("(?:.|\n)*a.{14}", "(?:.|\n)*[ab].{14}"),
        ("[A-Z]{0,50000}", "[A-Z]{0,40000}"),
        ("(?=a)a", "a"),
        (r"\d+", "[0-9]+"),
        ("a**", "a"),
        ("a{2}{3}", "a"),
        ("(" * 300 + "a" + ")" * 300, "a"),
        ("[z-a]", "a"),
        ("(a", "a"),
        ("a)", "a"),
        ("[", "a"),
        ("\\", "a"),
        ("*", "a"),
    ],
)
def test_patterns_unknown(one: str, other: str) -> None:
    """A question that is too large, or not understood, shall be called unknown, and soon."""
    begun = time.monotonic()
    assert difference(one, other) in (Unknown.UNKNOWN, None)
    assert time.monotonic() - begun < 10
    assert difference(other, one) is not None or one.startswith("(((")


_atoms = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "[0-9]", "(?:ab|b)", "(a|0)", r"\.", "^", "$"])
_repeated = st.builds(
    lambda atom, times: atom if atom in "^$" else atom + times,
    _atoms,
    st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"]),
)
_patterns = st.lists(st.lists(_repeated, min_size=1, max_size=4).map("".join), min_size=1, max_size=2).map(
    "|".join
)


@settings(max_examples=200, deadline=None)
@given(pattern=_patterns, text=st.text("ab.0\nX", max_size=7))
def test_patterns_match(pattern: str, text: str) -> None:
    """A pattern shall match here what it matches in the other engines."""
    ends = pattern.replace("$", r"\Z")  # Python's `$` also stands before a last line feed, others' does not
    assert matches(pattern, text) == (re.fullmatch(ends, text) is not None)


@settings(max_examples=150, deadline=None)
@given(one=_patterns, other=_patterns, text=st.text("ab.0\nX", max_size=6), low=st.integers(0, 3))
def test_patterns_difference_law(one: str, other: str, text: str, low: int) -> None:
    """A difference shall be one and have the lengths asked for; where there is none, no text shall be one."""
    found = difference(one, other, lengths=(low, 6))
    if isinstance(found, str):
        assert matches(one, found)
        assert not matches(other, found)
        assert low <= len(found) <= 6
    if found is None and len(text) >= low:
        assert not matches(one, text) or matches(other, text)


@settings(max_examples=100, deadline=None)
@given(pattern=_patterns, low=st.integers(0, 4))
def test_patterns_examples_law(pattern: str, low: int) -> None:
    """Examples shall match their pattern and keep to the lengths."""
    for text in examples(pattern, (low, 12)):
        assert matches(pattern, text)
        assert low <= len(text) <= 12


def test_patterns_examples_boundaries() -> None:
    """Examples shall have the shortest and the longest texts, and those a person can read."""
    found = list(examples("[A-Z]{2}[^;]{1,10}", (0, 9)))
    assert {len(text) for text in found} >= {3, 4, 8, 9}
    assert all(text.isprintable() and text.isascii() for text in found)


def test_patterns_examples_none() -> None:
    """A pattern that matches nothing within the lengths, or is not understood, shall have no examples."""
    assert list(examples("[A-Z]{5}", (0, 3))) == []
    assert list(examples("(?=a)a")) == []
