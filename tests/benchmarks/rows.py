"""One delimited file of millions of rows, against plain polars, frictionless, and csv with jsonschema.

Every side has the same checks: the values of twelve columns, two rules between columns of a row, and a key
that stands in the file only once. Every side finds all faults, and as many as the gateway.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.generate import write_movements
from tests.benchmarks.measuring import Measured, Side, apart, in_turns
from tests.benchmarks.passes import pass_of, validation_of
from tests.benchmarks.rating import Goal, Options, Row, against, skipped
from tests.benchmarks.rating import table as rated

if TYPE_CHECKING:
    import polars as pl

ROUNDS, ROWS, SHARE, WRONG = 3, 5_000_000, 100, 1_000
HEADING = "One large delimited file"
TEXT = f"""\
Made by `python -m tests.benchmarks rows --write`: medians of {ROUNDS} rounds in turns. One row in
{WRONG:,} is wrong, in eight ways by turns, and every side finds them all. The polars side is what a good
user would write: all columns read as text, in chunks or lazily by the streaming engine, the checks as
expressions, the key compared over the whole file. frictionless and csv with jsonschema have 1/{SHARE} of
the rows, imports not counted, and their time is for all."""

_COLUMNS = (
    "document", "item", "plant", "storage_location", "material", "batch", "movement_type", "quantity", "unit",
    "posting_date", "document_date", "posted_by",
)  # fmt: skip
#: What the whole text of a column matches.
_PATTERNS = {
    "document": "[0-9]{10}",
    "item": "0*[1-9][0-9]{0,3}",
    "plant": "[0-9]{4}",
    "storage_location": "[A-Z0-9]{4}",
    "material": "[A-Z0-9][A-Z0-9./_-]{0,39}",
    "batch": "[A-Z0-9][A-Z0-9-]{0,9}",
    "quantity": r"[0-9]{1,10}(\.[0-9]{1,3})?",
    "posted_by": "[0-9]{8}",
}
_CODES = {"movement_type": ["261", "262", "531", "532"], "unit": ["EA", "KG", "G", "L", "M"]}
_DATES = ("posting_date", "document_date")
_CHUNK = 8 << 20


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    rows = options.count(ROWS)
    few = min(rows, max(WRONG * 8, rows // SHARE))
    file, part = _file(options, rows), _file(options, few)
    peer = partial(apart, peers=options.peers)
    sides: dict[str, Side] = {
        "gateway": partial(validation_of, options, file, "delimited"),
        "pass": partial(pass_of, options, file, "delimited"),
        "polars": partial(apart, "tests.benchmarks.rows:with_polars", file=file),
        "lazy polars": partial(apart, "tests.benchmarks.rows:with_lazy_polars", file=file),
        "jsonschema": partial(apart, "tests.benchmarks.rows:with_jsonschema", file=part),
    }
    has_frictionless = options.peers is not None and (options.peers / "frictionless").is_dir()
    if has_frictionless:
        sides["frictionless"] = partial(peer, "tests.benchmarks.rows:with_frictionless", file=part)
    found = in_turns(sides, options.turns(ROUNDS))
    _demand_same(found)
    ours = found["gateway"]
    findings = ours[0].told["findings"]
    work = f"{rows:,} rows of 12 columns, all rules, all {findings:,} findings: `gateway validate`"
    chunks = "plain polars expressions, in chunks"
    table_rows = [
        Row(work, ours, chunks, found["polars"], Goal(1.3)),
        Row("the same", ours, "the same, lazy and streaming", found["lazy polars"], Goal(1.3)),
        Row("the same file, a whole pass (the file fails)", found["pass"], chunks, found["polars"]),
    ]
    for name, words in (("frictionless", "frictionless"), ("jsonschema", "csv and jsonschema, row by row")):
        if name in found:
            table_rows.append(
                Row("`gateway validate`", ours, words, found[name], Goal(40, faster=True), few / rows)
            )
    told = against(options, "polars", "frictionless", "jsonschema")
    return rated(table_rows) + told + ("" if has_frictionless else skipped("frictionless, see `--peers`"))


def _file(options: Options, rows: int) -> Path:
    return options.kept("MOVE_BENCH_000001.csv", rows, partial(write_movements, wrong=WRONG))


def _demand_same(found: dict[str, list[Measured]]) -> None:
    """Raise where a side missed something: a comparison with it would be none."""
    whole = {found[name][0].told["findings"] for name in ("gateway", "polars", "lazy polars")}
    share = {found[name][0].told["findings"] for name in found.keys() & {"frictionless", "jsonschema"}}
    if len(whole) > 1 or len(share) > 1:
        raise RuntimeError(f"Not all sides found the same: {whole}, {share}")


def with_polars(file: str) -> dict[str, Any]:
    """Check the file with polars alone, in chunks; in a process of its own."""
    import polars as pl

    checks, keys = _expressions(), []
    found: dict[str, int] = dict.fromkeys(checks, 0)
    for data in _chunks(Path(file)):
        frame = pl.read_csv(data, has_header=False, new_columns=list(_COLUMNS), infer_schema=False)
        wrong = frame.with_columns(**_parsed()).select(**{name: each.sum() for name, each in checks.items()})
        for name, count in wrong.row(0, named=True).items():
            found[name] += count or 0
        keys.append(frame.select(pl.struct("document", "item").hash()).to_series())
    hashes = pl.concat(keys)
    found["key"] = len(hashes) - hashes.n_unique()
    return {"findings": sum(found.values())}


def with_lazy_polars(file: str) -> dict[str, Any]:
    """Let polars read the file as its streaming engine likes; in a process of its own."""
    import polars as pl

    sums = {name: each.sum() for name, each in _expressions().items()}
    keys = pl.struct("document", "item").hash()
    rows = pl.scan_csv(file, infer_schema=False).with_columns(**_parsed())
    found = rows.select(**sums, key=pl.len() - keys.n_unique()).collect(engine="streaming")
    return {"findings": sum(count or 0 for count in found.row(0))}


def _chunks(file: Path) -> Any:
    """Yield the rows in stretches of bytes that end with a row; no field here holds a line end."""
    with open(file, "rb") as stream:
        stream.readline()
        rest = b""
        while data := stream.read(_CHUNK):
            cut = data.rfind(b"\n") + 1
            yield rest + data[:cut]
            rest = data[cut:]
        if rest:
            yield rest


def _parsed() -> dict[str, pl.Expr]:
    import polars as pl

    dates = {f"{name}_": pl.col(name).str.to_date("%Y-%m-%d", strict=False) for name in _DATES}
    quantity = pl.col("quantity").cast(pl.Decimal(13, 3), strict=False)
    return {**dates, "item_": pl.col("item").cast(pl.Int64, strict=False), "quantity_": quantity}


def _expressions() -> dict[str, pl.Expr]:
    """Return, by name, what is true of a row that breaks a rule."""
    import polars as pl

    checks = {name: ~pl.col(name).str.contains(f"^(?:{each})$") for name, each in _PATTERNS.items()}
    checks |= {name: ~pl.col(name).is_in(each) for name, each in _CODES.items()}
    earliest = pl.date(2020, 1, 1)
    for name in _DATES:
        is_date = pl.col(name).str.contains("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        checks[name] = ~is_date | pl.col(f"{name}_").is_null() | (pl.col(f"{name}_") < earliest)
    for name in _COLUMNS:
        if name != "batch":
            checks[f"{name} empty"] = pl.col(name).is_null()
    checks["item"] |= ~pl.col("item_").is_between(1, 9999)
    checks["quantity"] |= pl.col("quantity_") < 0
    checks["in order"] = pl.col("posting_date_") < pl.col("document_date_")
    checks["batch there"] = pl.col("movement_type").is_in(["531", "532"]) & pl.col("batch").is_null()
    return checks


def with_jsonschema(file: str) -> dict[str, Any]:
    """Check the file row by row with csv and jsonschema; in a process of its own."""
    import csv

    from jsonschema import Draft202012Validator, FormatChecker

    members: dict[str, Any] = {
        name: {"type": "string", "pattern": f"^(?:{each})$"} for name, each in _PATTERNS.items()
    }
    members |= {name: {"enum": each} for name, each in _CODES.items()}
    members |= {name: {"type": "string", "format": "date"} for name in _DATES}
    needed = [name for name in _COLUMNS if name != "batch"]
    by_product = {"properties": {"movement_type": {"enum": ["531", "532"]}}}
    schema = {
        "type": "object", "properties": members, "required": needed, "additionalProperties": False,
        "if": by_product, "then": {"required": ["batch"]},
    }  # fmt: skip
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    begun, found, keys = time.perf_counter(), 0, set[tuple[str, str]]()
    with open(file, encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            given = {name: text for name, text in row.items() if text}
            wrong = list(validator.iter_errors(given))
            key = row["document"], row["item"]
            dates = not any(set(_DATES) & set(error.absolute_path) for error in wrong)
            found += len(wrong) + (key in keys) + (dates and row["posting_date"] < row["document_date"])
            keys.add(key)
    return {"seconds": time.perf_counter() - begun, "findings": found}


def with_frictionless(file: str) -> dict[str, Any]:
    """Check the file with frictionless; in a process of its own."""
    from frictionless import (  # type: ignore[import-not-found] # only on the path of this side
        Checklist,
        Resource,
        Schema,
        checks,
    )

    fields: list[dict[str, Any]] = []
    for name in _COLUMNS:
        limits: dict[str, Any] = {"required": name != "batch"}
        if name in _CODES:
            limits["enum"] = _CODES[name]
        if name in _PATTERNS:
            limits["pattern"] = _PATTERNS[name]
        if name in _DATES:
            limits["minimum"] = "2020-01-01"
        fields.append({"name": name, "type": "date" if name in _DATES else "string", "constraints": limits})
    schema = Schema.from_descriptor({"fields": fields, "primaryKey": ["document", "item"]})
    rules = [
        checks.row_constraint(
            formula="not posting_date or not document_date or posting_date >= document_date"
        ),
        checks.row_constraint(formula="movement_type not in ['531', '532'] or batch"),
    ]
    path = Path(file)
    begun = time.perf_counter()
    resource = Resource(path=path.name, basepath=str(path.parent), schema=schema)
    report = resource.validate(Checklist(checks=rules), limit_errors=1_000_000_000)
    return {"seconds": time.perf_counter() - begun, "findings": report.stats["errors"]}
