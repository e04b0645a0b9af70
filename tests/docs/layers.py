"""The rooms of the house from the top down: who may import whom, and which library is used where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "gateway"


@dataclass(frozen=True, slots=True)
class Layer:
    """Rooms that do not know each other, and stand on everything below."""

    rooms: tuple[str, ...]
    does: str
    libraries: tuple[str, ...] = ()  #: outside libraries that only rooms of this layer import


#: From the top down. A room imports from lower layers only, never from its own or a higher one.
LAYERS = (
    Layer(("cli",), "commands: parse, call, print", ("click", "rich")),
    Layer(
        ("service",),
        "passes on schedules and wake-ups, until stopped; health and metrics",
        ("prometheus_client",),
    ),
    Layer(("operations",), "what an operator may ask for"),
    Layer(("lanes",), "threads: one for each route and each remote destination, woken when there is work"),
    Layer(("nodes",), "several gateways on one site: who is there, leases on routes, fencing"),
    Layer(("pipeline",), "one pass over a route: the ordered stages"),
    Layer(("stages",), "one file per stage: from a batch to a batch"),
    Layer(
        ("alerts", "scheduling", "watching"),
        "telling people, once; when a pass is due; what wakes one",
        ("apscheduler", "watchdog"),
    ),
    Layer(("sources", "destinations"), "where files come from and go to: one protocol each"),
    Layer(
        ("sftp",),
        "sessions with SFTP servers: trust, login, many requests under way",
        ("cryptography", "paramiko"),
    ),
    Layer(("config",), "site and routes: schema, loading, problems with file and line"),
    Layer(
        ("ledger",),
        "the only SQL: transfers, streams, keys, deliveries, audit trail",
        ("psycopg", "sqlalchemy"),
    ),
    Layer(
        ("custody",),
        "the only code that moves, writes or syncs files of a site: claim, settle, manifest, verify",
        ("jsonschema_rs",),
    ),
    Layer(("witness", "mappings"), "files that prove a verdict; one version rewritten as another"),
    Layer(("validation",), "records and envelope against the format: findings", ("pandera", "polars")),
    Layer(
        ("readers", "writers"),
        "physical kinds to records, and back: delimited, fixed-width, XML, JSON",
        ("jsonschema_rs", "lxml", "polars"),
    ),
    Layer(
        ("formats",),
        "format definitions: model, catalogue, checks, selection",
        ("jsonschema", "jsonschema_rs", "lxml"),
    ),
    Layer(
        ("documents", "rules"),
        "YAML with positions; PURE decisions: completeness, duplicates, sequence, lifecycle, retries",
        ("jsonschema", "jsonschema_rs", "yaml"),
    ),
    Layer(
        ("findings", "finding_codes", "schema_errors", "findings_reference"),
        "findings and their catalogue; what a schema complains about",
        ("jsonschema",),
    ),
    Layer(("signing",), "Ed25519 keys and signatures of the audit trail's checkpoints", ("cryptography",)),
    Layer(("errors",), "errors by who must act, with codes and exit statuses"),
    Layer(
        ("model", "printable", "complaints", "clock", "bundle", "events", "pulse"),
        "frozen values; text made safe; clocks; what the log says; signs of life",
    ),
)

#: Inside one layer these may know each other, in this direction only.
NEIGHBOURS = {("findings_reference", "finding_codes")}


def table() -> str:
    """Return the layers as a Markdown table."""
    rows = ["| layer | rooms | what they do | libraries |", "|---|---|---|---|"]
    for number, layer in zip(range(len(LAYERS), 0, -1), LAYERS, strict=True):
        rooms = ", ".join(f"`{room}`" for room in layer.rooms)
        libraries = ", ".join(f"`{name}`" for name in layer.libraries)
        rows.append(f"| {number} | {rooms} | {layer.does} | {libraries} |")
    return "\n".join(rows) + "\n"


def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def room_of(module: str) -> str:
    """Return the room of a module: the part after ``gateway``; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield what a module imports, those for the type checker alone included, with full names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else node.module
