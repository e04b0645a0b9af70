"""The frame of all commands: help, the site, who acts, errors and exit statuses."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import __version__
from gateway.bundle import bundled
from gateway.cli.main import COMMANDS, INTERRUPTED, PIPE_CLOSED, SECTIONS
from tests.cli.plant import CONFIGURATION, GOOD, Plant, call, program


def test_help_groups_the_commands_for_those_who_set_up_operate_and_prove() -> None:
    """The help lists every command once, under the people who need it."""
    result = call("--help")
    assert result.exit_code == 0
    places = [result.stdout.index(f"{title}:") for title in SECTIONS]
    assert places == sorted(places)
    assert sorted(name for names in SECTIONS.values() for name in names) == sorted(COMMANDS)
    for name, (_module, _attribute, text) in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert text in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    """Every command can be asked for its help, on a machine without any site."""
    result = call(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: gateway {name}")


def test_the_version_is_said() -> None:
    """`gateway --version` says the version."""
    assert __version__ in call("--version").stdout


def test_a_wrong_call_leaves_with_two_and_one_line() -> None:
    """A command that does not exist is refused in the words of all errors, with what to do."""
    result = call("bogus")
    assert result.exit_code == 2
    assert result.stderr == (
        "gateway: [usage] No such command 'bogus'. `gateway --help` shows how it is called\n"
    )


def test_an_unknown_option_names_the_command_whose_help_to_read() -> None:
    """A wrong option is refused, and the hint names the command it was given to."""
    result = call("failed", "list", "--bogus")
    assert result.exit_code == 2
    assert "`gateway failed list --help`" in result.stderr


def test_no_site_is_a_configuration_error_that_says_how_to_make_one(tmp_path: Path) -> None:
    """Where there is no site, the error says where it was looked for and how to make one."""
    result = call("--site", str(tmp_path), "status")
    assert result.exit_code == 4
    assert result.stderr.startswith("gateway: [config-missing] There is no site configuration here (")
    assert "gateway init" in result.stderr
    assert result.stdout == ""


def test_the_site_is_found_upwards(plant: Plant) -> None:
    """In any directory of a site its commands work without --site."""
    inside = plant.directory / "inbox" / "orders"
    ended = program("config", "check", cwd=inside)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == b"Plant 1000: 3 routes, no problem found.\n"


def test_the_site_can_come_from_the_environment(plant: Plant) -> None:
    """GATEWAY_SITE names the site where --site does not."""
    result = call("config", "check", GATEWAY_SITE=str(plant.directory))
    assert result.exit_code == 0
    assert "Plant 1000" in result.stdout


def test_the_site_of_the_option_wins_over_the_environment(plant: Plant, tmp_path: Path) -> None:
    """--site wins over GATEWAY_SITE."""
    result = call("--site", str(plant.directory), "config", "check", GATEWAY_SITE=str(tmp_path))
    assert result.exit_code == 0


def test_an_error_is_one_line_with_code_place_and_cause(plant: Plant) -> None:
    """What the machine refuses is one line with code, place and cause, and its status; no traceback."""
    (plant.directory / "audit" / "checkpoints.jsonl").unlink(missing_ok=True)
    (plant.directory / "audit" / "checkpoints.jsonl").mkdir()
    result = plant.run("audit", "verify")
    assert result.exit_code == 50
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("gateway: [ledger] ")
    assert "Is a directory" in result.stderr


def test_a_reader_that_goes_away_ends_a_command_quietly(busy: Plant) -> None:
    """`gateway ... | head` leaves no complaint behind, whatever was still to be printed."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "gateway.cli.main", "--site", str(busy.directory), "status"],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert ended.returncode == PIPE_CLOSED
    assert ended.stderr == b""


def test_an_interrupted_command_leaves_with_the_status_of_the_signal(plant: Plant) -> None:
    """Ctrl-C during long work, which is shown to a person who looks, leaves with 130 and one word."""
    plant.drop("confirmations", GOOD.format(1))
    assert plant.run("run", "--once").exit_code == 0
    archived = plant.directory / plant.json("failed", "show", "CONF_MES01_0000001.csv")["path"]
    os.truncate(archived, 1 << 40)  # a hole: it takes no room, and hours to read
    person, terminal = pty.openpty()
    command = [sys.executable, "-m", "gateway.cli.main", "--site", str(plant.directory), "verify"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        while b"Reading the archive" not in shown:
            shown += os.read(person, 1024)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # the terminal closes with the process
            while block := os.read(person, 1024):
                shown += block
        assert process.wait(timeout=60) == INTERRUPTED == 128 + signal.SIGINT
    os.close(person)
    assert b"gateway: Stopped." in shown
    assert b"Traceback" not in shown


_BARE = {"yaml", "sqlalchemy", "polars", "pandera", "lxml", "ijson", "jsonschema", "rich"}
_DATA = {"polars", "pandera", "lxml", "ijson"}


@pytest.mark.parametrize(
    ("commands", "absent"),
    [
        (["--version", "--help", "config check --help", "run --help", "verify --help"], _BARE),
        (["config check", "config show", "formats list"], {"sqlalchemy", *_DATA} - {"lxml"}),
        (
            [
                "status",
                "failed list",
                "hold list",
                "sequence status",
                "duplicates",
                "audit log",
                "audit verify",
                "verify",
                "reprocess --code F302 --reason x",
            ],
            _DATA,
        ),
    ],
    ids=["help", "configuration", "ledger"],
)
def test_a_command_starts_without_the_libraries_it_does_not_need(
    commands: list[str], absent: set[str], plant: Plant
) -> None:
    """A question to the ledger starts no data library, and a question for help starts none at all."""
    script = (
        "import sys\n"
        "from gateway.cli.main import gateway\n"
        "for command in sys.argv[2:]:\n"
        "    try:\n"
        "        gateway(['--site', sys.argv[1], *command.split()])\n"
        "    except SystemExit as left:\n"
        "        assert not left.code, command\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(plant.directory), *commands],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    loaded = set(ended.stderr.rpartition("LOADED")[2].split())
    assert "click" in loaded
    assert not loaded & absent


def test_a_site_by_hand_needs_only_its_configuration(tmp_path: Path) -> None:
    """A directory with nothing but a configuration is a site; what is missing is made when it is used."""
    (tmp_path / "config").mkdir()
    text = CONFIGURATION.replace("  time_zone", f"  formats: {bundled('formats')}\n  time_zone")
    (tmp_path / "config" / "gateway.yaml").write_text(text)
    for route in ("confirmations", "consumption", "orders"):
        (tmp_path / "inbox" / route).mkdir(parents=True)
    result = call("--site", str(tmp_path), "run", "--once")
    assert result.exit_code == 0, result.output


def test_what_nobody_foresaw_is_no_traceback_unless_asked_for(plant: Plant) -> None:
    """A ledger row that cannot have been written so leaves with 70 and says how to see more."""
    plant.drop("orders", b"no xml", "broken.xml")
    plant.run("run", "--once")
    with contextlib.closing(sqlite3.connect(plant.directory / "ledger" / "gateway.db")) as ledger, ledger:
        ledger.execute("UPDATE transfers SET evidence = '[{\"colour\": 1}]'")
    result = plant.run("failed", "list")
    assert result.exit_code == 70
    assert result.stderr.startswith("gateway: [internal-error] TypeError in the gateway itself")
    assert "GATEWAY_TRACEBACK=1" in result.stderr
    asked = plant.run("failed", "list", GATEWAY_TRACEBACK="1")
    assert isinstance(asked.exception, TypeError)
