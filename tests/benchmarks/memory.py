"""The peak of memory over one large file of each kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from tests.benchmarks.generate import KINDS
from tests.benchmarks.measuring import Measured, in_turns, peak, seconds
from tests.benchmarks.passes import of_kind, own_site, pass_over, validation_of
from tests.benchmarks.rating import Options, lines

ROUNDS, MB = 1, 1 << 20
SIZES = (500 * MB, 5_000 * MB)
#: In MB; and how much of a difference between two runs is chance.
_MOST, _CHANCE = 400, 1.05
_PASSES = "passes"
Work = Callable[[Options, str, int], Measured]
HEADING = "Memory of large files"
TEXT = f"""\
Made by `python -m tests.benchmarks memory --write`: {ROUNDS} `gateway validate` of a file that is all right,
in a process of its own; with `memory passes`, whole passes, in which what is delivered and each record that
the ledger remembers takes its time; with kinds behind, those alone. The goal: under {_MOST} MB, and at the
larger size no more than at the smaller one (a difference of {_CHANCE - 1:.0%} is chance)."""


def table(options: Options) -> str:
    """Measure each kind, or those that were asked for; return the table."""
    work = _pass if _PASSES in options.arguments else _validation
    chosen = [one for one in options.arguments if one != _PASSES] or list(KINDS)
    rows = [_row(options, kind, work) for kind in chosen]
    small, large = (f"{options.count(size) / MB:,.0f} MB" for size in SIZES)
    head = ("kind", small, large, "ratio", "seconds", f"under {_MOST} MB", "no more than at the smaller size")
    return lines(head, rows)


def _row(options: Options, kind: str, work: Work) -> tuple[str, ...]:
    sizes = {str(size): options.count(size) for size in SIZES}
    sides = {name: partial(work, options, kind, size) for name, size in sizes.items()}
    found = in_turns(sides, options.turns(ROUNDS))
    small, large = (peak(found[name]) for name in sizes)
    took = " and ".join(f"{seconds(found[name]):,.0f}" for name in sizes)
    answers = ("yes" if is_met else "**no**" for is_met in (large < _MOST, large <= small * _CHANCE))
    return kind, f"{small:,.0f} MB", f"{large:,.0f} MB", f"{large / small:.2f}", took, *answers


def _validation(options: Options, kind: str, size: int) -> Measured:
    made = KINDS[kind]
    right = dataclasses.replace(options, directory=options.directory / "right")  # others have faults
    measured = validation_of(options, right.kept(made.name, made.records(size), made.write), kind)
    if measured.told["findings"]:
        raise RuntimeError(measured.told)
    return measured


def _pass(options: Options, kind: str, size: int) -> Measured:
    made = KINDS[kind]
    with own_site(options.directory, of_kind(made.message_type)) as site:
        made.write(site / "inbox" / "files" / made.name, made.records(size))
        measured = pass_over(site)
    if measured.told["states"] != {"processed": 1}:
        raise RuntimeError(measured.told)
    return measured
