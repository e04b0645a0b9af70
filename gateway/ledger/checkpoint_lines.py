"""Are the checkpoints the lines that were written, all of them, in their order, by whom they should be?

PURE: lines of a file and what is known of them in, problems out. Whether they are still part of the
trail is another question: `checkpoint_trail.verify_against`.

1. Line numbers count up by one. A number that stands elsewhere in the file was REORDERED, else its
   line is MISSING; what the ledger noted and the file has not is MISSING too.
2. A line is the one that the ledger noted; else it was ALTERED. Where the ledger noted nothing (a copy
   on another machine), the line after it tells: it names the digest of the line before.
3. Once a line is signed, all that follow are, by a key that is trusted or was announced by such a one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.errors import ConfigurationError
from gateway.ledger.checkpoint import FIRST, Checkpoint, Checkpoints, signature_of
from gateway.signing import PublicKey, read_public

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gateway.ledger.checkpoint_rows import Noted


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the evidence at one place, with a stable code."""

    code: str
    message: str
    file: str | None = None  #: relative to the site where it is in it
    line: int | None = None  #: from 1
    entry: int | None = None  #: of the audit trail
    column: str | None = None  #: column of the ledger, member of a line, or JSON pointer
    recorded: str | None = None
    found: str | None = None


@dataclass(slots=True)
class _Walk:
    """One way through a file of checkpoints."""

    file: str
    noted: Mapping[int, Noted]
    numbers: frozenset[int]
    excused: int  #: up to this number the ledger need not know a line: one behind it says why
    expected: int = 1
    before: Checkpoint | None = None  #: the line before
    is_before_suspect: bool = False
    troubles: list[Trouble] = field(default_factory=list)

    def say(self, code: str, message: str, one: Checkpoint | None = None, **facts: Any) -> None:
        """Note a trouble at the line ``one``."""
        line = None if one is None else one.place
        self.troubles.append(Trouble(code, message, file=self.file, line=line, **facts))


def check_lines(kept: Checkpoints, file: str, noted: Mapping[int, Noted] | None = None) -> list[Trouble]:
    """Return what is wrong with the lines of ``file``; ``noted`` is what the ledger knows of them.

    Only the first place is told of what one change makes wrong in many.
    """
    noted = noted or {}
    restored = [one.number for one in kept.listed if one.restoration and one.number is not None]
    numbers = frozenset(one.number for one in kept.listed if one.number is not None)
    walk = _Walk(file, noted, numbers, max(restored, default=0))
    for number in kept.unreadable:
        message = f"Line {number} of the checkpoints is none"
        walk.troubles.append(Trouble("checkpoint-unreadable", message, file=file, line=number))
    for one in kept.listed:
        _follow(walk, one, kept.unreadable)
    last = max(noted, default=0)
    if walk.expected <= last:
        _missing(walk, None, last)
    return walk.troubles


def _follow(walk: _Walk, one: Checkpoint, unreadable: Sequence[int]) -> None:
    if one.number is None:
        if walk.before is not None and walk.before.number is not None:
            walk.say("checkpoint-altered", "The line has no number, and lines before it have", one)
        else:
            walk.before, walk.expected = one, walk.expected + 1
        return
    if one.number < walk.expected:
        walk.say("checkpoint-reordered", f"Line number {one.number} stands behind {walk.expected - 1}", one)
        return
    is_next = one.number == walk.expected
    if not is_next:
        # a line that is none stands where one of them was, and is told of already
        torn = sum(_place(walk.before) < number < _place(one) for number in unreadable)
        if torn < one.number - walk.expected:
            _missing(walk, one, one.number - 1)
    suspect = _differs(walk, one)
    if is_next and not walk.is_before_suspect:
        _demand_link(walk, one)
    walk.before, walk.expected, walk.is_before_suspect = one, one.number + 1, suspect


def _place(one: Checkpoint | None) -> int:
    return 0 if one is None or one.place is None else one.place


def _missing(walk: _Walk, one: Checkpoint | None, last: int) -> None:
    first = walk.expected
    elsewhere = [number for number in range(first, min(last, first + 1000) + 1) if number in walk.numbers]
    if elsewhere and one is not None:
        walk.say("checkpoint-reordered", f"Line number {one.number} stands before {elsewhere[0]}", one)
        return
    which = f"Line number {first} is" if first == last else f"Line numbers {first} to {last} are"
    known = walk.noted.get(first)
    about = f"; it was written at {known.at:%Y-%m-%d %H:%M:%S} UTC" if known and first == last else ""
    walk.say("checkpoint-missing", f"{which} no longer in the file{about}", one)


def _differs(walk: _Walk, one: Checkpoint) -> bool:
    """Report a line that is not the one that the ledger noted."""
    assert one.number is not None  # noqa: S101 - asked before
    known = walk.noted.get(one.number)
    if known is None:
        # the newest may not be noted yet: it is written first
        if walk.noted and one.number > walk.excused and min(walk.noted) < one.number < max(walk.noted):
            walk.say("ledger-row-missing", f"The ledger has lost its note of line number {one.number}", one)
        return False
    if known.digest == one.digest:
        return False
    differing = [
        (name, str(getattr(known, name)), str(getattr(one, name)))
        for name in ("count", "hash", "at")
        if getattr(known, name) != getattr(one, name)
    ]
    name, recorded, found = differing[0] if differing else (None, known.digest, one.digest)
    message = f"Line number {one.number} is not the one that was written"
    walk.say("checkpoint-altered", message, one, column=name, recorded=recorded, found=found)
    return True


def _demand_link(walk: _Walk, one: Checkpoint) -> None:
    before = walk.before
    expected = FIRST if before is None else before.digest
    if one.previous == expected:
        return
    if before is not None and before.number in walk.noted:
        # the line before is the one that was written, so this one is not
        message = f"Line number {one.number} names another line than {before.number} as the one before it"
        walk.say("checkpoint-altered", message, one, column="previous", recorded=expected, found=one.previous)
        return
    place = before or one
    message = f"Line number {one.number} names another digest of the line before it"
    walk.say("checkpoint-altered", message, place, recorded=one.previous, found=expected)


def check_copy(kept: Checkpoints, copy: Checkpoints, file: str, copy_file: str) -> list[Trouble]:
    """Return where a copy of the checkpoints differs from ``file``: the first line that does."""
    for own, other in zip(kept.listed, copy.listed, strict=False):
        if own.raw != other.raw:
            message = f"The copy {copy_file} has another line in this place: one of the two was changed"
            found = Trouble(
                "checkpoint-copy-differs", message, file, own.place, recorded=other.digest, found=own.digest
            )
            return [found]
    own_count, other_count = len(kept.listed), len(copy.listed)
    if other_count > own_count:
        missing = f"The copy {copy_file} has {other_count - own_count} lines more"
        return [Trouble("checkpoint-missing", missing, file, own_count + 1)]
    if other_count < own_count:
        behind = f"The copy lacks the last {own_count - other_count} lines; the next pass adds them"
        return [Trouble("checkpoint-copy-behind", behind, copy_file, other_count + 1)]
    return []


def check_signatures(
    kept: Checkpoints, file: str, trusted: Iterable[PublicKey], *, signs_now: bool
) -> list[Trouble]:
    """Return the first line whose signature is missing, wrong, or of a key that nobody announced.

    ``signs_now`` says that lines are to be signed: then the newest must be.
    """
    keys = {key.fingerprint: key for key in trusted}
    is_begun = False
    for one in kept.listed:
        if one.signature is None:
            if is_begun:
                return [Trouble("signature-missing", "The line is not signed", file, one.place)]
            continue
        is_begun = True
        problem = _signature(one, keys)
        if problem:
            return [Trouble("signature-wrong", problem, file, one.place, column="signature", found=one.key)]
        keys.update((key.fingerprint, key) for key in _announced(one))
    if signs_now and kept.listed and not is_begun:
        message = "No line is signed; where signing has only just been configured, the next pass signs one"
        return [Trouble("signature-missing", message, file, kept.listed[-1].place)]
    return []


def _signature(one: Checkpoint, keys: Mapping[str, PublicKey]) -> str | None:
    key = keys.get(one.key or "")
    if key is None:
        return f"The line is signed with a key that is not trusted: {one.key}"
    if not key.confirms(signature_of(one), one.signed_bytes):
        return "The signature is not that of this line"
    return None


def _announced(one: Checkpoint) -> Iterator[PublicKey]:
    if one.new_key is None:
        return
    try:
        yield read_public(one.new_key, "checkpoint")
    except ConfigurationError:
        return
