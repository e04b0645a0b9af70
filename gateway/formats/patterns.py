r"""Regular expressions that every engine understands alike and none can be hung by.

Values are matched by polars (Rust: linear, no lookaround, no back-references), file names by
Python's ``re``, which backtracks: a pattern such as ``(a+)+b`` needs minutes for 30 characters.
So a pattern is refused if it uses what Rust does not know, ``\d`` ``\w`` ``\s`` (which match
Arabic digits and full-width letters), or if a repeated group can match one text in many ways.
"""

from __future__ import annotations

import functools
import re

from gateway.formats.pattern_choices import too_many_ways

#: Longest pattern; a longer one is a code list.
MAX_LENGTH = 500

_FOREIGN = (
    (re.compile(r"\(\?<?[=!]"), "lookaround is not available in all engines"),
    (re.compile(r"\\[1-9]|\(\?P=|\(\?\("), "back-references are not available in all engines"),
    (re.compile(r"\(\?>|[*+?}]\+"), "atomic groups are not available in all engines"),
    (re.compile(r"\\d", re.IGNORECASE), "`\\d` matches digits of other scripts; write `[0-9]`"),
    (re.compile(r"\\w", re.IGNORECASE), "`\\w` matches letters of other scripts; write `[A-Za-z0-9_]`"),
    (re.compile(r"\\s", re.IGNORECASE), "`\\s` differs between engines; write the blanks that are meant"),
    (re.compile(r"\\[AZz]"), "`\\A` and `\\Z` are not needed: a pattern always matches the whole text"),
    (re.compile(r"\(\?[aiLmsux-]+[:)]"), "flags are not available in all engines"),
    (re.compile(r"\{(?![0-9]+(?:,[0-9]*)?\})"), "a brace that counts nothing needs a backslash before it"),
    (
        re.compile(r"\(\?#|\\[BbuUN0xafnrtv]"),
        "comments, boundaries and coded characters differ between engines",
    ),
)

_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
# Rust has classes in classes and set operations; Python means the characters themselves.
_SET_OPERATION = re.compile(r"(?<!\\)\[|&&|--|~~")
# Escaped punctuation and classes without an escaped letter: text that only looks like syntax.
_LITERAL = re.compile(r"\\[^A-Za-z0-9]|\[\^?\]?(?:\\[^A-Za-z0-9]|[^\]\\])*\]")


@functools.lru_cache(maxsize=1024)  # the fields of all formats have few different ones
def pattern_problem(pattern: str) -> str | None:
    """Return why ``pattern`` must not be used, in words, or None if it may."""
    if len(pattern) > MAX_LENGTH:
        return f"the pattern is longer than {MAX_LENGTH} characters"
    skeleton = _LITERAL.sub("x", pattern)
    for forbidden, reason in _FOREIGN:
        if forbidden.search(skeleton):
            return reason
    if any(_SET_OPERATION.search(found[0], 1) for found in _CLASS.finditer(pattern)):
        return "`[`, `&&`, `--` and `~~` inside a class differ between engines; put a backslash before them"
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"the pattern is not a regular expression: {error}"
    return too_many_ways(pattern)
