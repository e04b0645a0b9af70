r"""Regular expressions that every engine understands alike and none can be hung by.

Values are matched by polars (Rust: linear, no lookaround, no back-references), file names by
Python's ``re``, which backtracks: a pattern such as ``(a+)+b`` needs minutes for 30 characters.
So a pattern is refused if it uses what Rust does not know, ``\d`` ``\w`` ``\s`` (which match
Arabic digits and full-width letters), or if a repeated group can match one text in many ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Longest pattern; a longer one is a code list.
MAX_LENGTH = 500
#: A group repeated oftener than this must not hold anything of variable length.
_FEW = 5
#: So many times may something match "almost anything, any number of times".
_WILD = 3

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

_TOKEN = re.compile(
    r"""(?P<open>\((?:\?P<[A-Za-z_][A-Za-z0-9_]*>|\?:)?)
    |(?P<close>\))
    |(?P<bar>\|)
    |(?P<repeat>[*+?]\??|\{[0-9]*,?[0-9]*\}\??)
    |(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^()|*+?])""",
    re.VERBOSE | re.DOTALL,
)


def pattern_problem(pattern: str) -> str | None:
    """Return why ``pattern`` must not be used, in words, or None if it may."""
    if len(pattern) > MAX_LENGTH:
        return f"the pattern is longer than {MAX_LENGTH} characters"
    skeleton = _LITERAL.sub("x", pattern)
    for forbidden, reason in _FOREIGN:
        if forbidden.search(skeleton):
            return reason
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"the pattern is not a regular expression: {error}"
    if any(_SET_OPERATION.search(found[0], 1) for found in _CLASS.finditer(pattern)):
        return "`[`, `&&`, `--` and `~~` inside a class differ between engines; put a backslash before them"
    return _ambiguity(pattern)


@dataclass(slots=True)
class _Group:
    """What is known of a group while it is read."""

    unbounded: bool = False  #: holds something repeated without limit
    variable: bool = False  #: holds a repetition that may be longer or shorter
    overlap: bool = False  #: holds alternatives that can start with the same character
    wild: int = 0
    starts: list[set[str]] = field(default_factory=list)  #: what each finished alternative starts with
    start: set[str] | None = None  #: what the present alternative starts with
    last: _Group | None = None  #: the group just closed, a repetition may follow
    atom: str = ""

    def begin(self, characters: set[str]) -> None:
        """Note what the present alternative starts with, if it has not started yet."""
        if self.start is None:
            self.start = characters

    def end_alternative(self) -> None:
        """Compare what the alternative starts with to the earlier ones."""
        start = self.start or set()
        self.overlap |= any(start & other for other in self.starts)
        self.starts.append(start)
        self.start, self.last, self.atom = None, None, ""


def _ambiguity(pattern: str) -> str | None:
    stack = [_Group()]
    for token in _TOKEN.finditer(pattern):
        reason = _take(stack, token)
        if reason is not None:
            return reason
    if stack[0].wild > _WILD:
        return f"more than {_WILD} times `.*` or the like can hang the gateway"
    return None


def _take(stack: list[_Group], token: re.Match[str]) -> str | None:
    """Read one token into the innermost group; return the reason if it makes the pattern unsafe."""
    group = stack[-1]
    text = token[0]
    if token.lastgroup == "open":
        stack.append(_Group())
    elif token.lastgroup == "close":
        _close(stack)
    elif token.lastgroup == "bar":
        group.end_alternative()
    elif token.lastgroup == "repeat":
        return _repeat(group, text)
    else:
        group.begin(_characters(text))
        group.last, group.atom = None, text
    return None


def _close(stack: list[_Group]) -> None:
    inner = stack.pop()
    outer = stack[-1]
    inner.end_alternative()
    outer.begin(set().union(*inner.starts))
    outer.last, outer.atom = inner, ""
    outer.unbounded |= inner.unbounded
    outer.variable |= inner.variable
    outer.overlap |= inner.overlap
    outer.wild += inner.wild


def _repeat(group: _Group, quantifier: str) -> str | None:
    least, most = _times(quantifier)
    inner = group.last
    group.variable |= least != most
    group.unbounded |= most is None
    if inner is None:
        if most is None and len(_characters(group.atom)) > 64:
            group.wild += 1
        return None
    often = most is None or most > _FEW
    nested = (inner.unbounded and most != 1) or ((inner.variable or inner.overlap) and often)
    return "a repetition inside a repetition can hang the gateway" if nested else None


def _times(quantifier: str) -> tuple[int, int | None]:
    """Return how often at least and at most; None: without limit."""
    sign = quantifier.removesuffix("?") if len(quantifier) > 1 else quantifier
    if sign == "?":
        return 0, 1
    if sign in "*+":
        return int(sign == "+"), None
    low, comma, high = sign[1:-1].partition(",")
    least = int(low or 0)
    if not comma:
        return least, least
    return least, int(high) if high else None


def _characters(atom: str) -> set[str]:
    """Return the ASCII characters that a single atom matches."""
    try:
        compiled = re.compile(atom, re.DOTALL)
    except re.error:
        return set()
    return {chr(code) for code in range(128) if compiled.fullmatch(chr(code))}
