"""Questions about the regular expressions of a definition, answered without trying texts at random."""

from __future__ import annotations

import re


def matches(pattern: str, text: str) -> bool:
    """Return whether ``pattern`` matches the whole of ``text``."""
    return re.fullmatch(pattern, text) is not None
