"""Both ways in which a text is trimmed leave the same of it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.formats.definition import Dialect
from gateway.validation.values import trimming
from tests.validation.validation_kit import field

#: What is taken off, what is content although Unicode calls it blank, and letters.
_TEXTS = st.lists(st.none() | st.text(" \t\r\n\xa0\u2003ab", max_size=8), min_size=1)
_STRIP = {"left": str.lstrip, "right": str.rstrip, "both": str.strip}


@pytest.mark.parametrize("trim", _STRIP)
@given(texts=_TEXTS)
def test_spaces_first_or_all_at_once_is_the_same(trim: str, texts: list[str | None]) -> None:
    """A text shall lose its blanks, and nothing that only looks like one, whichever way is taken."""
    way = trimming(field("name"), Dialect(trim=trim))
    assert way is not None
    expected = [None if text is None else _STRIP[trim](text, " \t\r\n") for text in texts]
    frame = pl.DataFrame({"name": texts}, schema={"name": pl.String})
    for expression in (way.at_once, way.spaces_first):
        assert frame.select(expression)["name"].to_list() == expected
