"""The pages on commands and exit statuses are what the program says, and the JSON is what they say."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from gateway import errors
from gateway.alerts.desk import Desk
from gateway.alerts.sending import send_due
from gateway.bundle import bundled
from gateway.cli.json_keys import KEYS, OPEN
from gateway.cli.main import gateway
from gateway.cli.reference import commands_markdown, exit_codes_markdown
from gateway.clock import SystemClock
from gateway.config.settings import AlertRule, CommandChannel, Site
from gateway.custody.guard import SiteGuard
from gateway.custody.layout import Layout
from gateway.errors import GatewayError
from gateway.formats.catalogue import Catalogue
from gateway.formats.compare.definitions import compare
from gateway.ledger import ids
from gateway.operations import opening
from gateway.operations.opening import open_site
from gateway.rules.alerts import Condition
from gateway.service.board import Board, WatchState
from tests.cli.plant import CONSUMPTION, GOOD, WRONG, Plant, put_off, sample
from tests.pipeline.plant import ShiftedClock

_DOCS = Path(__file__).parents[2] / "docs"
_WRONG = Path(WRONG).name


@pytest.mark.parametrize(
    ("page", "text"),
    [("commands.md", commands_markdown()), ("exit-codes.md", exit_codes_markdown())],
    ids=["commands", "exit-codes"],
)
def test_the_committed_page_is_what_the_program_says(page: str, text: str) -> None:
    """A page that went stale fails; `python -m gateway.cli.reference docs` writes it anew."""
    assert (_DOCS / page).read_text(encoding="utf-8") == text


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            child = command.get_command(click.Context(command), name)
            assert child is not None
            yield from _commands(child, (*path, name))
    else:
        yield " ".join(path), command


_COMMANDS = dict(_commands(gateway))


def test_every_command_and_option_stands_in_the_page() -> None:
    """No command and no option is left out of the documentation, and each option says what it does."""
    page = commands_markdown()
    for name, command in _COMMANDS.items():
        assert f"# gateway {name}\n" in page
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (name, parameter.name)
                assert all(f"{option}" in page for option in parameter.opts), (name, parameter.name)


def test_every_command_with_json_documents_its_keys() -> None:
    """A command that can print JSON has its keys in the page, and no key belongs to no command."""
    with_json = {name for name, one in _COMMANDS.items() if any(p.name == "as_json" for p in one.params)}
    documented = {name.partition(" --")[0] for name in KEYS}
    assert documented == with_json


def test_every_list_and_show_has_json() -> None:
    """Whatever shows something to people can say it to programs; `config show` is JSON anyway."""
    last = ("list", "show", "status", "log", "verify", "check", "duplicates", "validate", "run")
    for name, command in _COMMANDS.items():
        if name.split()[-1] in last and name != "config show":
            assert any(one.name == "as_json" for one in command.params), name


def test_every_error_stands_in_the_page_with_a_status_of_its_band() -> None:
    """Each error class is documented once, and no two codes are alike."""
    page = exit_codes_markdown()
    classes = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, GatewayError)
    ]
    codes = [each.code for each in classes]
    assert len(codes) == len(set(codes))
    for each in classes:
        if each is not GatewayError:
            assert page.count(f"| {each.exit_status} | `{each.code}` |") == 1, each


def _paths(value: Any, path: str = "") -> Iterator[str]:
    if any(path == one or path.endswith(f".{one}") for one in OPEN):
        yield path
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _paths(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for each in value:
            yield from _paths(each, f"{path}[]")
    else:
        yield path


def _examples(plant: Plant, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """Yield a command of each kind with its JSON; together they show every key."""
    yield "status", plant.json("status")
    yield "failed list", plant.json("failed", "list")
    yield "failed show", plant.json("failed", "show", _WRONG)
    yield "failed show", plant.json("failed", "show", Path(CONSUMPTION.format(1)).name)
    yield "duplicates", plant.json("duplicates")
    yield "hold list", plant.json("hold", "list")
    yield "sequence status", plant.json("sequence", "status")
    yield "audit log", plant.json("audit", "log")
    yield "formats list", plant.json("formats", "list")
    yield "formats show", plant.json("formats", "show", "confirmation@1.1.0")
    yield "validate", plant.json("validate", str(sample(WRONG)))
    old = str(sample("confirmation/1.1.0/good/CONF_MES01_0000003.csv"))
    yield "formats map", plant.json("formats", "map", old, "--to", "confirmation@2.0.0")
    schema = str(bundled("formats") / "bom" / "1.0.0" / "schema.json")
    yield "formats import", plant.json("formats", "import", "parts@1.0.0", "--json-schema", schema)
    yield "reprocess --dry-run", plant.json("reprocess", _WRONG, "--dry-run")
    waiting = plant.copy(tmp_path / "waiting")
    put_off(waiting)
    yield "retry", waiting.json("retry", "--all", "--dry-run")
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(sample(WRONG).read_bytes().replace(b";1O,5;", b";10,5;", 1))
    yield "reprocess --corrected", plant.json("reprocess", _WRONG, "--corrected", str(corrected), "--dry-run")


def _removals(plant: Plant, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """Yield how old files are removed, eleven years later."""
    old = plant.copy(tmp_path / "old")
    config = old.directory / "config" / "gateway.yaml"
    config.write_text(f"{config.read_text()}retention: {{rules: [{{keep: 10y}}]}}\n")
    (next(old.directory.glob("processed/*/*/*1.csv"))).write_text("altered")
    later = ShiftedClock()
    later.advance(days=11 * 366)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "SystemClock", lambda: later)
        patch.setattr(ids, "_SOURCE", ids._Source())  # ids of that time are nobody else's
        given_up = old.json("--actor", "anna", "retention", "plan", "--limit", "1", "--reason", "x")
        yield "retention withdraw", old.json("retention", "withdraw", given_up["run"], "--reason", "x")
        run = old.json("--actor", "anna", "retention", "plan", "--reason", "x")
        yield "retention plan", run
        command = ("retention", "approve", run["run"], run["plan_sha256"], "--reason", "x")
        yield "retention approve", old.json("--actor", "bert", *command)
        yield "retention apply", old.json("retention", "apply", run["run"])
        yield "retention show", old.json("retention", "show")
        assert f"{run['run']}" in old.done("retention", "show", run["run"])


def _impacts(plant: Plant, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """Yield what files show of two changes: one that refuses them, one that reads them otherwise."""
    (tmp_path / "gone.csv").symlink_to("nowhere")
    shutil.copy(sample(GOOD.format(1)), tmp_path)
    command: tuple[str, ...] = ("formats", "impact", "confirmation", "1.0.0", "1.1.0")
    yield "formats impact", plant.json(*command, "--against", str(tmp_path))
    new = shutil.copytree(bundled("formats"), tmp_path / "formats") / "consumption" / "1.1.0" / "format.yaml"
    old = new.parent.parent / "1.0.0" / "format.yaml"
    text = new.read_text().replace("version: 1.1.0", "version: 1.0.0")
    old.write_text(text.replace("implied_decimals: 3", "implied_decimals: 2"))
    command = ("formats", "impact", "consumption", "1.0.0", "1.1.0", "--formats", str(tmp_path / "formats"))
    yield "formats impact", plant.json(*command, "--against", str(sample("consumption/1.1.0/good")))


def _changes(plant: Plant) -> Iterator[tuple[str, Any]]:
    """Yield the JSON of what changes a site, and then of what finds it damaged."""
    plant.drop("confirmations", WRONG)
    plant.run("run", "--once")
    yield "reprocess", plant.json("reprocess", "--code", "F302", "--reason", "x")
    yield "replay", plant.json("replay", "CONF_MES01_0000001.csv", "--reason", "x")
    yield "hold release", plant.json("hold", "release", "CONF_MES01_0000004.csv", "--reason", "x")
    yield "sequence waive", plant.json("sequence", "waive", "confirmations", "5", "--reason", "x")
    plant.drop("confirmations", GOOD.format(1), "CONF_MES01_0000009.csv")
    (plant.directory / "outbox" / "erp" / "CONF_MES01_0000001.csv").write_text("another file")
    yield "run", plant.json("run", "--once")
    plant.drop("confirmations", "confirmation/2.0.0/good/CONF_MES01_0000008.csv")
    yield "run", plant.json("run", "--once")
    yield "sequence reset", plant.json("sequence", "reset", "confirmations", "900", "--reason", "x")
    day = next((plant.directory / "processed" / "confirmations").iterdir())
    (day / "CONF_MES01_0000001.csv").write_text("altered")
    (day / "CONF_MES01_0000002.csv").unlink()
    edited = next((plant.directory / "failed" / "confirmations").glob("*.manifest.json"))
    edited.write_text(edited.read_text().replace('"partner": "', '"partner": "X'))
    (day / "foreign").touch()
    (day / ".part-0123456789abcdef").touch()
    (plant.directory / "audit" / "checkpoints.jsonl").write_text("torn\n")
    with contextlib.closing(sqlite3.connect(plant.directory / "ledger" / "gateway.db")) as ledger, ledger:
        ledger.execute("UPDATE transfers SET size = 1 WHERE name_text = 'CONF_MES01_0000001.csv'")
    yield "verify", plant.json("verify")
    yield "audit verify", plant.json("audit", "verify")
    yield "ledger backup", plant.json("ledger", "backup", str(plant.directory / "ledger.backup"))
    yield "ledger check", plant.json("ledger", "check")
    yield (
        "ledger restore",
        plant.json("ledger", "restore", str(plant.directory / "ledger.backup"), "--reason", "x"),
    )
    yield "ledger rebuild", plant.json("ledger", "rebuild", "--reason", "x")
    (plant.directory / "ledger" / "gateway.db").rename(plant.directory / "ledger" / "whole")
    (plant.directory / "ledger" / "gateway.db").write_bytes(b"damaged" * 4096)
    yield "ledger check", plant.json("ledger", "check")
    (plant.directory / "ledger" / "gateway.db").unlink()
    (plant.directory / "ledger" / "whole").rename(plant.directory / "ledger" / "gateway.db")
    with SiteGuard(plant.directory):
        yield "status", plant.json("status")
    yield from _formats(plant)
    yield from _trust(plant)
    yield from _watched(plant)
    yield "doctor", plant.json("doctor", "--no-writes")
    broken = plant.directory / "formats" / "bom" / "1.0.0" / "format.yaml"
    broken.write_text(broken.read_text().replace("kind: json", "kind: jason"))
    yield "formats check", plant.json("formats", "check")
    broken = plant.directory / "config" / "gateway.yaml"
    secret = "alerts: {channels: {hook: {type: webhook, url: {env: NOT_SET_ANYWHERE}}}}\n"
    broken.write_text(broken.read_text() + secret)
    yield "config check", plant.json("config", "check")
    broken.write_text(broken.read_text().replace("order: strict", "order: strickt"))
    yield "config check", plant.json("config", "check")


def _watched(plant: Plant) -> Iterator[tuple[str, Any]]:
    """Yield how a service is that gives signs of life, and what people are told of."""
    with open_site(plant.directory) as context:
        context.site = dataclasses.replace(context.site, alerts=(AlertRule(to=("pager",)),))
        desk = Desk()
        desk.raised(Condition("service-stuck", "orders", "orders is stuck", routes=("orders",)))
        assert desk.observe(context)
        assert send_due(dataclasses.replace(context, site=_with_pager(context.site))).failed == 1
    yield "alerts list", plant.json("alerts", "list")
    yield "status", plant.json("status")
    with SiteGuard(plant.directory):
        board = Board("Plant 1000", SystemClock(), Layout(plant.directory).heartbeat_file)
        board.add("confirmations", "route", "confirmations")
        board.note(phase="starting", watches=(WatchState("inbox", works=True, why="events come"),))
        board.write()
        yield "health", plant.json("health")


def _with_pager(site: Site) -> Site:
    """Return the site with a channel that takes nothing."""
    return dataclasses.replace(site, channels=(CommandChannel("pager", ("/bin/false",)),))


def _trust(plant: Plant) -> Iterator[tuple[str, Any]]:
    """Yield the JSON of what is said of two servers, one of which is down."""
    from tests.sftp.openssh import OpenSsh

    file = plant.directory / "config" / "gateway.yaml"
    with OpenSsh() as server:
        down = server.yaml("down", port="1").partition("\n")[2]
        approved = "".join(one for one in server.yaml().splitlines(keepends=True) if "host_keys" not in one)
        file.write_text(f"{file.read_text()}{approved}{down}")
        command: tuple[str, ...] = ("trust", "accept", "erp", "--fingerprint", server.host_fingerprints[0])
        yield "trust accept", plant.json(*command, "--reason", "x")
        command = ("trust", "accept", "erp", "--fingerprint", server.host_fingerprints[1])
        yield "trust accept", plant.json(*command, "--reason", "x")
        yield "trust show", plant.json("trust", "show")
    yield "trust remove", plant.json("trust", "remove", "erp", "--reason", "x")


def _formats(plant: Plant) -> Iterator[tuple[str, Any]]:
    """Yield the JSON of what changes the catalogue."""
    old, new = reversed(Catalogue.load(plant.directory / "formats").readable("consumption"))
    comparison = compare(old, new)
    fingerprint = comparison.fingerprint(comparison.changes[0])
    yield "formats new", plant.json("formats", "new", "bom@1.0.0")
    yield "formats lock", plant.json("formats", "lock", "confirmation@2.0.0", "--reason", "x")
    yield "formats retire", plant.json("formats", "retire", "confirmation@2.0.0", "--reason", "x")
    yield "formats approve", plant.json("formats", "approve", fingerprint, "--reason", "x")
    file = str(sample("confirmation/2.0.0/good/CONF_MES01_0000008.csv"))
    yield "validate", plant.json("validate", file, "--format", "confirmation@2.0.0")
    changed = plant.directory / "formats" / "confirmation" / "1.1.0" / "format.yaml"
    good = changed.read_bytes()
    changed.write_bytes(good + b"\n")
    yield "status", plant.json("status")
    changed.write_bytes(good)


def _parent(key: str) -> str:
    """Return the object or list around a key: it may be null or empty."""
    return key.rpartition(".")[0]


def test_the_json_of_every_command_has_the_documented_keys(
    busy: Plant, gapped: Plant, tmp_path: Path
) -> None:
    """Every key that a command prints is documented, and every documented key is printed."""
    found: dict[str, set[str]] = {}
    shown = [*_examples(busy, tmp_path), *_impacts(busy, tmp_path), *_removals(busy, tmp_path)]
    for name, data in [*shown, *_changes(gapped)]:
        found.setdefault(name, set()).update(path for path in _paths(data) if path)
    assert set(found) == set(KEYS)
    for name, keys in KEYS.items():
        documented = {key for key, _meaning in keys}
        assert documented <= found[name], name
        assert found[name] <= documented | {_parent(key) for key in documented}, name
