"""A large JSON document and a large NDJSON file, against jsonschema and against parsing alone."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.generate import KINDS
from tests.benchmarks.measuring import Measured, Side, apart, in_turns
from tests.benchmarks.passes import catalogue, validation_of
from tests.benchmarks.rating import Goal, Options, Row, against, skipped
from tests.benchmarks.rating import table as rated

ROUNDS, SIZE, SHARE, WRONG = 3, 200 << 20, 20, 1_000
HEADING = "Large JSON files"
TEXT = f"""\
Made by `python -m tests.benchmarks json --write`: medians of {ROUNDS} rounds in turns. One record in
{WRONG:,} is wrong, in four ways by turns; the gateway has the JSON Schema, the fields and the rules.
jsonschema has the JSON Schema alone, on 1/{SHARE} of the records (as one document, or line by line), and
its time is for all. orjson parses the whole document, or line by line, and checks nothing."""
_KINDS = {"json": "JSON", "ndjson": "NDJSON"}


def table(options: Options) -> str:
    """Measure in turns and return the table of medians."""
    has_orjson = options.peers is not None and (options.peers / "orjson").is_dir()
    sides: dict[str, Side] = {}
    files = {}
    for kind in _KINDS:
        made = KINDS[kind]
        records = made.records(options.count(SIZE))
        few = max(1, records // SHARE)
        files[kind] = _file(options, kind, records), few / records
        schema = catalogue(options) / made.message_type / "1.0.0" / "schema.json"
        part = _file(options, kind, few)
        side, lines = "tests.benchmarks.json_files:", kind == "ndjson"
        sides[kind] = partial(validation_of, options, files[kind][0], kind)
        sides[f"{kind} jsonschema"] = partial(
            apart, f"{side}with_jsonschema", file=part, schema=schema, lines=lines
        )
        if has_orjson:
            sides[f"{kind} orjson"] = partial(
                apart, f"{side}with_orjson", peers=options.peers, file=files[kind][0], lines=lines
            )
    found = in_turns(sides, options.turns(ROUNDS))
    rows = [row for kind, (file, share) in files.items() for row in _rows(found, kind, file, share)]
    told = against(options, "jsonschema", "orjson")
    return rated(rows) + told + ("" if has_orjson else skipped("orjson, see `--peers`"))


def _file(options: Options, kind: str, records: int) -> Path:
    return options.kept(KINDS[kind].name, records, partial(KINDS[kind].write, wrong=WRONG))


def _rows(found: dict[str, list[Measured]], kind: str, file: Path, share: float) -> list[Row]:
    ours, size = found[kind], file.stat().st_size / 1e6
    work = f"{size:,.0f} MB of {_KINDS[kind]}, all {ours[0].told['findings']:,} findings: `gateway validate`"
    peer = "jsonschema, line by line" if kind == "ndjson" else "jsonschema on the document"
    rows = [Row(work, ours, peer, found[f"{kind} jsonschema"], Goal(20, faster=True), share)]
    if f"{kind} orjson" in found:
        rows.append(Row("the same", ours, "orjson, parsing alone", found[f"{kind} orjson"], Goal(4)))
    return rows


def with_jsonschema(file: str, schema: str, lines: bool) -> dict[str, Any]:
    """Parse and check the file with the standard library and jsonschema; in a process of its own."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads(Path(schema).read_text(encoding="utf-8")))
    begun = time.perf_counter()
    with open(file, encoding="utf-8") as stream:
        documents = map(json.loads, stream) if lines else [json.load(stream)]
        errors = sum(1 for document in documents for _error in validator.iter_errors(document))
    return {"seconds": time.perf_counter() - begun, "errors": errors}


def with_orjson(file: str, lines: bool) -> None:
    """Parse the file with orjson; in a process of its own."""
    import orjson  # type: ignore[import-not-found] # only on the path of this side

    with open(file, "rb") as stream:
        if lines:
            for line in stream:
                orjson.loads(line)
        else:
            orjson.loads(stream.read())
