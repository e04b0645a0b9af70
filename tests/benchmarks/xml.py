"""One large XML file, with its XSD and the rules of its records, against xmllint."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from tests.benchmarks.generate import KINDS
from tests.benchmarks.measuring import Measured, Side, in_turns, program
from tests.benchmarks.passes import catalogue, pass_of, validation_of
from tests.benchmarks.rating import Goal, Options, Row, against, skipped
from tests.benchmarks.rating import table as rated

ROUNDS, SIZE, WRONG = 3, 500 << 20, 1_000
#: The code of findings of what breaks the XSD.
_BREAKS_XSD = "F503"
HEADING = "One large XML file"
TEXT = f"""\
Made by `python -m tests.benchmarks xml --write`: medians of {ROUNDS} rounds in turns. Production orders;
one in {WRONG:,} is wrong, in five ways by turns: three break the XSD, two only rules that no XSD states.
The gateway reports both, and what breaks the XSD also as what is wrong with the field; xmllint reports
what breaks the XSD."""


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    kind = KINDS["xml"]
    orders = kind.records(options.count(SIZE))
    file = options.kept(kind.name, orders, partial(kind.write, wrong=WRONG))
    sides: dict[str, Side] = {
        "gateway": partial(validation_of, options, file, "xml"),
        "pass": partial(pass_of, options, file, "xml"),
    }
    if shutil.which("xmllint"):
        schema = catalogue(options) / "order" / "1.1.0" / "schema.xsd"
        command: list[str | Path] = ["xmllint", "--noout", "--schema", schema, file]
        count = b"Schemas validity error"
        sides["xmllint --stream --schema"] = partial(
            program, [*command, "--stream"], count=count, may_fail=True
        )
        sides["xmllint --schema"] = partial(program, command, count=count, may_fail=True)
    found = in_turns(sides, options.turns(ROUNDS))
    ours = found["gateway"]
    size = f"{file.stat().st_size / 1e6:,.0f} MB of XML"
    work = f"{size}, XSD and rules, all {ours[0].told['findings']:,} findings: `gateway validate`"
    if len(found) == 2:
        told = skipped("xmllint, `apt-get install libxml2-utils`")
        return rated([Row(work, ours, "a whole pass", found["pass"])]) + told
    stream, tree = ("xmllint --stream --schema", "xmllint --schema")
    _demand_same(ours[0], found[tree][0])
    rows = (
        Row(work, ours, _words(stream, found[stream]), found[stream], Goal(1.5)),
        Row("the same", ours, _words(tree, found[tree]), found[tree], Goal(1.5)),
        Row("a whole pass (the file fails)", found["pass"], f"`{stream}`", found[stream]),
    )
    return rated(rows) + against(options, programs=[("xmllint", "--version")])


def _demand_same(ours: Measured, theirs: Measured) -> None:
    """Raise where the gateway has not found every error that xmllint found."""
    errors = ours.told["codes"].get(_BREAKS_XSD, 0)
    if errors != theirs.told["lines"]:
        raise RuntimeError(f"{errors} errors here, {theirs.told['lines']} found by xmllint")


def _words(name: str, runs: list[Measured]) -> str:
    return f"`{name}`, {runs[0].told['lines']:,} errors"
