"""A long search for counterexamples to the laws of comparison; the numbers it prints can be quoted.

`python -m tests.compare.search --kind delimited --pairs 2000 --seed 1` draws so many pairs of versions,
the second with one to four changes, compares them and holds every verdict against files that are really
written and read. It ends with 1 where a law is broken, and prints how it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from gateway.formats.compare.change import Change, Comparison, Demand, Direction, Verdict
from gateway.formats.compare.definitions import compare
from gateway.formats.definition import Format, Kind
from gateway.operations.impact_causes import followed_by, is_structural, of_finding, turned
from gateway.witness import build, held, prove
from gateway.witness.checking import Checked, WitnessFile, checked
from gateway.witness.proving import PROVABLE, read_differently
from tests.compare import beside
from tests.compare.generated import definitions
from tests.compare.mutated import mutations

#: Files of each version that are held against the verdicts of a pair.
_FILES = 4
#: Contradictions that are printed whole.
_SHOWN = 5


@dataclass(slots=True)
class Tally:
    """What a search has found."""

    pairs: int = 0
    empty: int = 0  #: pairs left out: of one version no file is known, so that nothing is claimed of any
    changes: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)  #: in both directions
    claims: int = 0  #: verdicts that a file can prove
    proved: int = 0
    files: int = 0  #: valid under one version and read under the other
    harmless: int = 0  #: directions in which all changes are ok
    kinds: Counter[str] = field(default_factory=Counter)  #: changes of each kind
    broken: Counter[str] = field(default_factory=Counter)  #: contradictions, by the law they are of
    told: list[str] = field(default_factory=list)

    def blame(self, law: str, old: Format, new: Format, what: object) -> None:
        """Note that ``law`` does not hold."""
        self.broken[law] += 1
        self.told.append(f"{law}: {what}\n  {'; '.join(_differences(old, new))}")


def examine(old: Format, new: Format, tally: Tally) -> None:
    """Hold all laws against one pair of versions."""
    if build(old) is None or build(new) is None:
        tally.empty += 1
        return
    comparison = held(old, new, compare(old, new))
    tally.pairs += 1
    tally.changes += len(comparison.changes)
    tally.kinds.update(change.kind for change in comparison.changes)
    for version in (old, new):
        if compare(version, version).changes:
            tally.blame("itself", old, new, version.version)
    _symmetry(old, new, comparison, tally)
    for direction in Direction:
        for change in comparison.changes:
            _claim(old, new, change, direction, tally)
        _files(old, new, comparison, direction, tally)


def _symmetry(old: Format, new: Format, comparison: Comparison, tally: Tally) -> None:
    there = {one.path: _verdicts(one) for one in comparison.changes}
    back = {one.path: _verdicts(one.swapped()) for one in held(new, old, compare(new, old)).changes}
    for path in there.keys() | back.keys():
        if there.get(path) != back.get(path):
            tally.blame("symmetry", old, new, f"{path} {there.get(path)} {back.get(path)}")


def _verdicts(change: Change) -> tuple[str, str, str]:
    return change.kind, change.old_under_new.verdict.value, change.new_under_old.verdict.value


def _claim(old: Format, new: Format, change: Change, direction: Direction, tally: Tally) -> None:
    """Have a breaking or silent verdict proved by a file."""
    judgement = change.judgement(direction)
    tally.verdicts[judgement.verdict] += 1
    if judgement.verdict not in PROVABLE:
        return
    tally.claims += 1
    proof = prove(old, new, change, direction)
    if proof is not None and proof.confirmed:
        tally.proved += 1
        return
    data = None if proof is None else (proof.file.data, proof.writer.findings[:2], proof.reader.findings[:2])
    said = f"{change.id} {direction.value} {change.kind}: {judgement.why} {_brief(judgement.demand)} {data}"
    tally.blame(f"proof of {judgement.verdict.value}", old, new, said)


def _files(old: Format, new: Format, comparison: Comparison, direction: Direction, tally: Tally) -> None:
    """Hold files of one version against what the comparison says of them under the other."""
    writer, reader = (old, new) if direction is Direction.OLD_UNDER_NEW else (new, old)
    harmless = comparison.worst(direction) is Verdict.OK
    tally.harmless += harmless
    files = [build(writer, variety=variety) for variety in range(_FILES)]
    if harmless:  # what harms the other way is what could harm this way too
        demands = [one.judgement(other).demand for one in comparison.changes for other in Direction]
        files += [build(writer, demand) for demand in demands if demand is not None and _fits(writer, demand)]
    known = [file for file in files if file is not None]
    for file, found in zip(known, checked(reader, known), strict=True):
        tally.files += 1
        if harmless and not found.accepted:
            tally.blame("ok", old, new, f"{direction.value} {file.data!r} {found.findings[:2]}")
        elif harmless and list(read_differently(writer, reader, file.data)):
            tally.blame("ok", old, new, f"{direction.value} {file.data!r} read differently")
        elif not found.accepted:
            _explained(old, new, (comparison, direction), (file, found), tally)


def _fits(writer: Format, demand: Demand) -> bool:
    """Return whether a demand, which may be of the other version, can be asked of ``writer``."""
    types = {one.name for one in writer.record_types}
    return demand.document is None and all(row.record_type in types for row in demand.rows)


def _explained(
    old: Format,
    new: Format,
    said: tuple[Comparison, Direction],
    read: tuple[WitnessFile, Checked],
    tally: Tally,
) -> None:
    """Demand that each finding of a refused file can come of a change that is not said to be ok."""
    comparison, direction = said
    causes = turned(comparison, direction)
    file, found = read
    moving = [one for one in causes if one.is_harmful and is_structural(one.change)]
    for finding in found.findings:
        behind = [*of_finding(finding, causes), *followed_by(finding, moving, causes)]
        if not any(one.is_harmful for one in behind):
            tally.blame("explained", old, new, f"{direction.value} {file.data!r} {finding}")
            return


def _differences(one: Any, other: Any) -> Iterator[str]:
    """Yield in which settings two versions, or parts of them, differ."""
    for setting in dataclasses.fields(one):
        theirs, ours = getattr(one, setting.name), getattr(other, setting.name)
        if theirs != ours:
            yield f"{setting.name}: {_both(theirs, ours)}"


def _both(theirs: Any, ours: Any) -> str:
    """Return two settings with what differs in them alone."""
    if isinstance(theirs, tuple) and isinstance(ours, tuple) and len(theirs) == len(ours):
        return ", ".join(_both(one, other) for one, other in zip(theirs, ours, strict=True) if one != other)
    if dataclasses.is_dataclass(theirs) and type(theirs) is type(ours):
        return f"{getattr(theirs, 'name', '')}({', '.join(_differences(theirs, ours))})"
    return f"{_brief(theirs)} -> {_brief(ours)}"


def _brief(part: Any) -> str:
    """Return a part of a definition with the settings that are not the usual ones."""
    if isinstance(part, tuple):
        return f"[{', '.join(map(_brief, part))}]"
    if not dataclasses.is_dataclass(part):
        return repr(part)
    said = {one.name: (getattr(part, one.name), one.default) for one in dataclasses.fields(part)}
    kept = [
        f"{name}={_brief(value)}" for name, (value, usual) in said.items() if value not in (usual, {}, ())
    ]
    return f"{type(part).__name__}({', '.join(kept)})"


def versions(data: st.DataObject, kind: Kind, home: Path | None) -> tuple[Format, Format]:
    """Draw two versions; in directories below ``home``, where that is given, with a schema beside each."""
    if home is not None:
        return data.draw(beside.pairs(kind, home, most=3))
    old = data.draw(definitions(kind))
    return old, data.draw(mutations(old, most=4))


def searched(kind: Kind, pairs: int, start: int, home: Path | None = None) -> Tally:
    """Return what ``pairs`` pairs of versions of ``kind`` show; ``start`` is the seed they come of.

    XML and JSON versions have a schema beside them where ``home`` says where to put it.
    """
    tally = Tally()

    @seed(start)
    @settings(
        max_examples=pairs,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def one(data: st.DataObject) -> None:
        old, new = versions(data, kind, home)
        try:
            examine(old, new, tally)
        except Exception:  # noqa: BLE001 - wrong input must never raise: it counts, and the search goes on
            tally.blame("no error", old, new, traceback.format_exc(limit=-3))

    one()
    return tally


def table(kind: Kind, tally: Tally, seconds: float) -> Iterator[str]:
    """Yield the lines of the table."""
    rows: list[tuple[str, object]] = [
        ("kind", kind.value),
        ("pairs of versions", tally.pairs),
        ("pairs without files, left out", tally.empty),
        ("changes", tally.changes),
        *((f"verdicts {one.value}", tally.verdicts[one]) for one in Verdict),
        ("claims that a file can prove", tally.claims),
        ("claims proved", tally.proved),
        ("directions in which all is ok", tally.harmless),
        ("files read under the other version", tally.files),
        ("kinds of change seen", len(tally.kinds)),
        ("contradictions", sum(tally.broken.values())),
        *((f"  of: {law}", number) for law, number in sorted(tally.broken.items())),
        ("seconds", round(seconds)),
    ]
    for name, value in rows:
        yield f"{name:<36}{value:>12}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, print the table, and return 1 where a law is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.compare.search", description=__doc__)
    parser.add_argument("--kind", choices=[one.value for one in Kind], required=True)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schema", action="store_true", help="XML and JSON: with schemas beside them")
    parser.add_argument("--kinds", action="store_true", help="count the changes of each kind as well")
    parser.add_argument("--shown", type=int, default=_SHOWN, help="contradictions to print")
    given_ = parser.parse_args(arguments)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        place = Path(home) if given_.schema else None
        tally = searched(Kind(given_.kind), given_.pairs, given_.seed, place)
    lines = list(table(Kind(given_.kind), tally, time.monotonic() - started))
    if given_.kinds:
        lines += [f"  {name:<34}{number:>12}" for name, number in tally.kinds.most_common()]
    sys.stdout.write("\n".join([*lines, *tally.told[: given_.shown]]) + "\n")
    return 1 if tally.broken else 0


if __name__ == "__main__":
    sys.exit(main())
