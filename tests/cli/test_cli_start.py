"""What commands that only look need not load: counted in modules, for seconds are the machine's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.plant import GOOD, Plant, sample

#: Libraries and rooms that a question for help has no use for.
NOT_FOR_HELP = {
    "sqlalchemy", "yaml", "jsonschema", "jsonschema_rs", "rich", "polars", "pandera", "lxml", "paramiko",
    "cryptography", "asyncio", "sqlite3", "gateway.model", "gateway.config", "gateway.formats",
    "gateway.ledger", "gateway.operations", "gateway.rules",
}  # fmt: skip
#: What a look at the ledger has no use for, where the configuration is right and nobody watches.
NOT_FOR_A_LOOK = {
    "jsonschema", "referencing", "attr", "rich", "polars", "pandera", "lxml", "ijson", "paramiko",
    "cryptography", "apscheduler", "watchdog", "prometheus_client", "psycopg", "statistics", "difflib",
    "sqlalchemy.orm", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql",
    "gateway.service", "gateway.lanes", "gateway.nodes", "gateway.pipeline", "gateway.alerts",
    "gateway.sources", "gateway.destinations", "gateway.sftp.base", "gateway.sftp.trust", "gateway.signing",
    "gateway.readers", "gateway.writers", "gateway.validation", "gateway.witness", "gateway.formats.compare",
    "gateway.mappings.definition", "gateway.rules.completeness", "gateway.rules.surroundings",
    "gateway.ledger.backup", "gateway.ledger.checkpoint", "gateway.ledger.leases",
    "gateway.custody.shared_layout",
}  # fmt: skip

_SCRIPT = """\
import os, sys
synced, sync = [], os.fsync
os.fsync = lambda descriptor: synced.append(sync(descriptor))
from gateway.cli.main import main
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
print("SYNCED", len(synced), "LOADED", *sys.modules, file=sys.stderr)
"""


def loaded(*words: str) -> set[str]:
    """Return the modules that a command in a process of its own has loaded at its end; it synced nothing."""
    command = [sys.executable, "-c", _SCRIPT, *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    said = ended.stderr.rpartition("SYNCED")[2].split()
    assert said[:2] == ["0", "LOADED"]
    return set(said)


def among(modules: set[str], unwanted: set[str]) -> list[str]:
    """Return which of ``modules`` are unwanted, or part of what is."""
    return sorted(one for one in modules if any(f"{one}.".startswith(f"{each}.") for each in unwanted))


def own(modules: set[str]) -> int:
    """Return how many of ``modules`` are the gateway's own."""
    return sum(one.partition(".")[0] == "gateway" for one in modules)


def test_a_question_for_help_loads_next_to_nothing() -> None:
    """`gateway --help` shall load the library for commands, the errors, and nothing that works."""
    modules = loaded("--help")
    assert among(modules, NOT_FOR_HELP) == []
    assert own(modules) <= 15


@pytest.mark.parametrize(
    ("words", "most"), [(("status",), 145), (("failed", "list"), 100)], ids=["status", "failed list"]
)
def test_a_look_at_the_ledger_loads_no_more_than_it_needs(
    words: tuple[str, ...], most: int, plant: Plant
) -> None:
    """A list from the ledger shall load what configuration, tables and formats need, and wait for no disk."""
    plant.drop("confirmations", GOOD.format(1))
    plant.drop("orders", b"no xml", "broken.xml")
    assert plant.run("run", "--once").exit_code == 1
    modules = loaded("--site", str(plant.directory), *words)
    assert among(modules, NOT_FOR_A_LOOK) == []
    assert own(modules) <= most


def test_a_look_at_the_site_reads_no_format_that_is_as_it_was_locked(plant: Plant) -> None:
    """`gateway status` shall compare locked formats with the lock, and read none of them."""
    configuration = plant.directory / "config" / "gateway.yaml"
    text = configuration.read_text("utf-8")
    locked = text.replace("message_type: confirmation", 'message_type: confirmation\n    versions: "<2"')
    assert locked != text
    configuration.write_text(locked, "utf-8")
    assert plant.run("run", "--once").exit_code == 0
    modules = loaded("--site", str(plant.directory), "status")
    assert among(modules, {"gateway.formats.loading", "gateway.formats.check"}) == []
    assert own(modules) <= 130


def test_a_file_is_validated_without_what_only_a_site_needs() -> None:
    """`gateway validate` shall load nothing of the ledger: the file alone is read."""
    modules = loaded("validate", "--format", "bom", str(next(sample("bom").rglob("good/*.json"))))
    assert among(modules, {"sqlalchemy", "sqlite3", "paramiko", "lxml", "gateway.ledger"}) == []


def test_garbage_is_collected_as_usual_once_a_command_works() -> None:
    """What a command has loaded is never looked through for garbage; what it makes afterwards is, as ever."""
    script = (
        "import gc\n"
        "from gateway.cli import main\n"
        "usual, callbacks = gc.get_threshold(), len(gc.callbacks)\n"
        "main._keep_what_is_loaded()\n"
        "assert gc.get_threshold() != usual and gc.isenabled()\n"
        "kept = [[] for _ in range(main._LOADED)]\n"
        "assert gc.get_threshold() == usual and len(gc.callbacks) == callbacks\n"
        "assert gc.get_freeze_count() >= main._LOADED\n"
        "before = gc.get_stats()[0]['collections']\n"
        "kept = [[] for _ in range(10 * usual[0])]\n"
        "assert gc.get_stats()[0]['collections'] >= before + 9\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
