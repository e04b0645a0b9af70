"""A large fixed-width file, validated, against pandas.read_fwf, which only reads it."""

from __future__ import annotations

import time
from functools import partial
from itertools import pairwise
from pathlib import Path

from tests.benchmarks.generate import KINDS
from tests.benchmarks.measuring import Side, apart, in_turns
from tests.benchmarks.passes import pass_of, validation_of
from tests.benchmarks.rating import Goal, Options, Row, against, skipped
from tests.benchmarks.rating import table as rated

ROUNDS, RECORDS, SHARE, WRONG = 3, 2_000_000, 10, 1_000
HEADING = "One large fixed-width file"
TEXT = f"""\
Made by `python -m tests.benchmarks fixed --write`: medians of {ROUNDS} rounds in turns. One record in
{WRONG:,} is wrong, in four ways by turns. pandas reads the same columns as text and checks nothing; it
has 1/{SHARE} of the records, its import is not counted, and its time is for all."""
#: Where the fields of an item end, the first beginning at 0; the last column is what no field names.
_ENDS = (3, 12, 22, 26, 30, 42, 46, 86, 96, 99, 113, 116, 120, 128, 136, 166, 176, 180, 181, 183)


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    records = options.count(RECORDS)
    few = max(1, records // SHARE)
    file, part = _file(options, records), _file(options, few)
    sides: dict[str, Side] = {
        "gateway": partial(validation_of, options, file, "fixed"),
        "pass": partial(pass_of, options, file, "fixed"),
    }
    if options.peers is not None and (options.peers / "pandas").is_dir():
        sides["pandas"] = partial(apart, "tests.benchmarks.fixed:with_pandas", peers=options.peers, file=part)
    found = in_turns(sides, options.turns(ROUNDS))
    ours = found["gateway"]
    work = f"{records:,} records, all rules, all {ours[0].told['findings']:,} findings: `gateway validate`"
    if "pandas" not in found:
        told = skipped("pandas, see `--peers`")
        return rated([Row(work, ours, "a whole pass (the file fails)", found["pass"])]) + told
    peer, share = "`pandas.read_fwf`, reading alone", few / records
    rows = (
        Row(work, ours, peer, found["pandas"], Goal(5, faster=True), share),
        Row("a whole pass (the file fails)", found["pass"], peer, found["pandas"], None, share),
    )
    return rated(rows) + against(options, "pandas")


def _file(options: Options, records: int) -> Path:
    kind = KINDS["fixed"]
    return options.kept(kind.name, records, partial(kind.write, wrong=WRONG))


def with_pandas(file: str) -> dict[str, float]:
    """Read the columns of all lines as text; in a process of its own."""
    import pandas  # type: ignore[import-untyped] # only on the path of this side

    columns, begun = list(pairwise((0, *_ENDS))), time.perf_counter()
    frame = pandas.read_fwf(file, colspecs=columns, header=None, dtype=str, encoding="cp1252")
    return {"seconds": time.perf_counter() - begun, "rows": len(frame)}
