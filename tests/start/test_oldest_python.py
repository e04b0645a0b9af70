"""What the oldest Python that is supported cannot do, and the newer ones on our desks can."""

from __future__ import annotations

import re

from tests.start.fresh import REPOSITORY

#: A group that is repeated possessively.
_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+")


def test_no_pattern_repeats_a_group_possessively() -> None:
    """No pattern shall rely on what Python 3.11.0 to 3.11.4 (so Debian 12) match wrongly."""
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in sorted((REPOSITORY / "gateway").rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if _POSSESSIVE_GROUP.search(line)
    ]
    assert found == []
