"""Patterns mean the same in every engine, and none can hang the gateway."""

# ruff: noqa: E501 - one case on one line reads as a table

from __future__ import annotations

import re
import time

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.patterns import pattern_problem


@pytest.mark.parametrize(
    "pattern",
    [
        r"CONF_(?P<sender>[A-Z0-9]+)_(?P<control>[0-9]{6})\.csv", "(a|b)*c", "(foo|bar)+", "[0-9]{4}(-[0-9]{2})?",
        "([A-Z]+(-[A-Z]+)?)", "([0-9]{1,3},){0,3}", "((a|b)(c|d))*", r"\\d", "[(]+[)|]*", "[*+]+", r"\+\+", "a{2,}",
        r".*_.*\.xml", "_".join(["[A-Z]+"] * 9), "a?" * 20, "[A-Z]?" + "[0-9]?" * 20, "[^;]+", r"[\]\[]", "(?:ab)+?",
    ],
)  # fmt: skip
def test_patterns_that_are_safe_may_be_used(pattern: str) -> None:
    """The gateway shall accept patterns that every engine matches alike and quickly."""
    assert pattern_problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(a+)+b", "repetition inside"), ("(a|a)*b", "repetition inside"), ("(a?b?)*", "repetition inside"),
        ("(a|ba?)*c", "repetition inside"), ("(?:(?:a)+)+", "repetition inside"), ("(.*,){9}", "repetition inside"),
        ("((a|ab)(c|bc))*", "repetition inside"), ("((a|b)|(a|c))*", "repetition inside"),
        ("(a+){2}", "repetition inside"), ("(|a)*", "is empty"), ("a|b|", "is empty"), (".*a.*b.*c.*", "too many"), ("a*a*a*a*", "too many"), ("a?" * 25, "too many"), ("(a|aa)" * 25, "too many"),
        (r"\d+", "`[0-9]`"), (r"[\d]", "`[0-9]`"), (r"\\\d", "`[0-9]`"), (r"\D", "`[0-9]`"), (r"\w+", "letters"),
        (r"\s", "blanks"), (r"a\Z", "not needed"), (r"\bx", "differ"), (r"\x41", "differ"), ("(?#x)a", "differ"),
        ("(?=a)", "lookaround"), ("(?<!a)b", "lookaround"), (r"\\(?=a)", "lookaround"),
        (r"(?P<a>x)\1", "back-references"), ("(?P<a>x)(?P=a)", "back-references"), ("(a)?(?(1)b)", "back-ref"),
        ("(?>a)", "atomic"), ("a++", "atomic"), ("(?i)a", "flags"), ("(?i:a)", "flags"),
        ("(", "not a regular expression"), ("[", "not a regular"), ("*", "not a regular"), ("a{2", "brace"),
        ("a{,3}", "brace"), ("{a}", "brace"), ("[[a]", "inside a class"), ("[a&&b]", "inside a class"),
        ("a" * 501, "longer than 500"), ("(" * 200 + ")" * 199, "not a regular"),
    ],
)  # fmt: skip
def test_patterns_that_are_not_are_refused_with_the_reason(pattern: str, reason: str) -> None:
    """The gateway shall refuse a pattern that an engine lacks, reads otherwise, or hangs on."""
    assert reason in (pattern_problem(pattern) or "")


PIECES = st.sampled_from(
    ["a", "b", "ab", ".", "[ab]", "[^a]", r"\.", r"\\", "[0-9]", "(a|b)", "(a|ab)", "(ab|c)", "(a?)", "(a+b)",
     "(a*)", "(b{1,2})", "(a(b|c)?)", "(?:a|b)", "_", "(|a)", "[a-c]"]
)  # fmt: skip
REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "+?", "{9}"])
PATTERNS = st.lists(st.tuples(PIECES, REPEATS).map("".join), min_size=1, max_size=4).map("".join)
NESTED = st.one_of(PATTERNS, st.tuples(PATTERNS, REPEATS).map(lambda pair: f"({pair[0]}){pair[1]}"))


@settings(max_examples=200, deadline=None)
@given(NESTED, st.text("abc.\\_1;", max_size=8))
def test_an_accepted_pattern_means_the_same_in_polars_and_in_python(pattern: str, text: str) -> None:
    """The gateway shall match a value in a column and a file name by the same rule."""
    if pattern_problem(pattern) is None:
        column = pl.Series([text]).str.contains(f"^(?:{pattern})$")
        assert column.to_list() == [re.fullmatch(pattern, text) is not None]


@settings(max_examples=150, deadline=None)
@given(NESTED, st.sampled_from(["a", "ab", "b", "aab", "abc", "."]))
def test_no_accepted_pattern_hangs_on_a_file_name(pattern: str, unit: str) -> None:
    """The gateway shall decide on the longest file name within a second, whatever the pattern."""
    if pattern_problem(pattern) is None:
        name = (unit * 255)[:254] + "!"
        began = time.perf_counter()
        re.fullmatch(pattern, name)
        assert time.perf_counter() - began < 1
