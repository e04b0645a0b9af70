"""What the doctor finds on this machine: configuration, directories, ledger, clocks, service, alerts."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.clock import SystemClock
from gateway.custody.guard import SiteGuard
from gateway.custody.layout import Layout
from gateway.ledger import circuits, migrations
from gateway.ledger.engine import default_url
from gateway.operations.doctor import clocks, directories, installation, ledger
from gateway.operations.doctor.checks import Check, Subject, Verdict
from gateway.operations.doctor.running import Probe, run
from gateway.operations.opening import open_site
from gateway.rules.circuit import Circuit, CircuitState
from gateway.service.board import Board
from tests.cli.plant import call
from tests.doctor.surgery import LOCAL, Patient, site, words
from tests.sftp.openssh import OpenSsh, make_key


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """Return a site with one route between folders."""
    return site(tmp_path / "site", LOCAL)


def settings(patient: Patient) -> Path:
    return patient.directory / "config" / "gateway.yaml"


def add(patient: Patient, text: str) -> None:
    settings(patient).write_text(settings(patient).read_text() + text)


def test_a_site_that_is_well_fails_nowhere_and_is_left_as_it_was(patient: Patient) -> None:
    """On a site that is well the doctor shall look at every topic, fail nowhere, and leave nothing behind."""
    assert call("--site", str(patient.directory), "run", "--once").exit_code == 0
    before = sorted(map(str, patient.directory.rglob("*")))
    checks = patient.asked(status=0)
    assert sorted(map(str, patient.directory.rglob("*"))) == before
    assert {one["topic"] for one in checks} >= {
        "configuration", "formats", "installation", "clock", "directories", "ledger", "service", "alerts"
    }  # fmt: skip
    said = words(checks)
    for expected in (
        "1 routes, 0 servers, 0 alert channels; no problem",
        "confirmation: 1.0.0 (locked)",
        "claim of confirmations: a rename",
        "events work",
        "files are made, synced, renamed and removed",
        "whole",
        "possible (tried, and taken back)",
        "the newest checkpoint",
        "the clocks go",
    ):
        assert expected in said
    assert all((one["why"] is None) == (one["verdict"] == "ok") for one in checks)
    assert all((one["do"] is None) == (one["verdict"] == "ok") for one in checks)


def test_what_is_wrong_is_told_last_with_what_to_do(patient: Patient) -> None:
    """The text shall end with the failures, each with why it matters and what to do, and leave with 65."""
    (patient.directory / "outbox" / "erp").rmdir()
    result = call("--site", str(patient.directory), "doctor")
    assert result.exit_code == 65
    failures = result.stdout.partition("Failures (1)")[2]
    flat = " ".join(failures.split())
    assert f"confirmations to erp: {patient.directory}/outbox/erp found it is not there" in flat
    assert "do `mkdir -p" in flat
    assert "Plant 1000: 1 failure," in flat
    assert "Warnings (" not in failures
    assert result.stderr.startswith("gateway: [doctor-found]")


def test_a_configuration_with_problems_keeps_nothing_else_from_being_looked_at(patient: Patient) -> None:
    """All problems of the configuration shall be told, and directories and ledger be looked at."""
    add(patient, "    orders: strict\n    sequence: {model: spiral}\n")
    shutil.rmtree(patient.directory / "audit")
    (patient.directory / "audit").write_text("no directory")
    checks = patient.asked(status=65)
    failures = words(checks, "failure")
    assert "spiral" in failures
    assert "orders" in failures
    assert "it is no directory" in failures
    assert f"version {migrations.VERSION}" in words(checks, topic="ledger")


def test_there_must_be_a_site(tmp_path: Path) -> None:
    """Where there is no site the doctor shall say so as every command does."""
    assert call("--site", str(tmp_path), "doctor").exit_code == 4


def test_secrets_that_are_missing_or_open_are_named_and_never_shown(patient: Patient, tmp_path: Path) -> None:
    """A missing secret and one that others can read shall be failures; no secret be shown."""
    secret = tmp_path / "hook"
    secret.write_text("https://127.0.0.1:1/token-of-hook")
    secret.chmod(0o644)
    hooks = (
        f"hook: {{type: webhook, url: {{file: {secret}}}}}, other: {{type: webhook, url: {{env: NOT_SET}}}}"
    )
    add(patient, f"alerts: {{channels: {{{hooks}}}, rules: [{{to: [hook, other]}}]}}\n")
    result = call("--site", str(patient.directory), "doctor", "--json")
    assert "token-of-hook" not in result.output
    failures = words(patient.asked(status=65), "failure")
    assert (
        "others can read this secret (mode 0644) | Whoever reads it can log in as the gateway |"
        f" `chmod 600 {secret}`" in failures
    )
    assert "the environment variable NOT_SET is not set" in failures
    assert "other: not tried: a secret of it is missing" in failures
    assert "hook: Connection refused" in failures


def test_a_key_that_others_can_read_is_a_failure(patient: Patient, openssh: OpenSsh, tmp_path: Path) -> None:
    """The key of a login that others can read shall be a failure; one that is closed be told of."""
    key = make_key(tmp_path / "key")
    add(patient, openssh.yaml(login=f"{{key: {key}}}"))
    assert f"{key}: key of erp: ssh-ed25519 SHA256:" in words(patient.asked())
    key.chmod(0o640)
    failures = words(patient.asked(status=65), "failure", topic="configuration")
    assert f"{key}: The private key can be read by others (mode 0640)" in failures


def test_a_changed_released_format_is_a_failure(patient: Patient) -> None:
    """A released format that was changed shall be a failure with the file."""
    file = patient.directory / "formats" / "confirmation" / "1.0.0" / "format.yaml"
    file.write_text(file.read_text() + "# a remark\n")
    failures = words(patient.asked(status=65), "failure", topic="formats")
    assert str(file.parent) in failures


def test_a_missing_and_a_damaged_ledger_are_failures(patient: Patient) -> None:
    """A ledger that is gone from a site that had one, or is damaged, shall be a failure; none be made."""
    assert call("--site", str(patient.directory), "run", "--once").exit_code == 0
    file = patient.directory / "ledger" / "gateway.db"
    data = bytearray(file.read_bytes())
    file.unlink()
    assert "There is no ledger" in words(patient.asked(status=65), "failure", topic="ledger")
    assert not file.exists()
    file.touch()
    assert "is no ledger" in words(patient.asked(status=65), "failure", topic="ledger")
    data[4096:12288] = b"\xff" * 8192
    file.write_bytes(data)
    assert "damaged" in words(patient.asked(status=65), "failure", topic="ledger")


def test_a_ledger_that_is_not_this_sites_is_found_by_the_checkpoint(patient: Patient, tmp_path: Path) -> None:
    """A ledger without the entries that the newest checkpoint tells of shall be a failure."""
    copy = tmp_path / "old.db"
    run_once = ("--site", str(patient.directory), "run", "--once")
    assert call(*run_once).exit_code == 0
    shutil.copy(patient.directory / "ledger" / "gateway.db", copy)
    shutil.copy(Path(__file__).parents[2] / "samples/confirmation/1.0.0/good/CONF_MES01_0000001.csv",
                patient.directory / "inbox" / "confirmations")  # fmt: skip
    assert call(*run_once).exit_code == 0
    shutil.copy(copy, patient.directory / "ledger" / "gateway.db")
    failures = words(patient.asked(status=65), "failure", topic="ledger")
    assert "is no longer there" in failures
    assert "put the newest ledger back" in failures


def test_a_locked_ledger_costs_a_warning_and_not_the_rest(patient: Patient) -> None:
    """While another process writes, the doctor shall warn after its time and tell everything else."""
    assert call("--site", str(patient.directory), "run", "--once").exit_code == 0
    layout = Layout(patient.directory)
    other = sqlite3.connect(layout.ledger_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        found = list(ledger.look(layout, default_url(layout.site), writes=True, busy_seconds=0.1))
    finally:
        other.close()
    warnings = [one.found for one in found if one.verdict is Verdict.WARNING]
    assert len(warnings) == 1
    assert "The ledger is locked by another process" in warnings[0]
    assert any("newest checkpoint" in one.found for one in found)


def test_a_gateway_at_work_is_looked_at_and_not_disturbed(patient: Patient) -> None:
    """While a gateway holds the site the doctor shall tell of it, and take nothing from it."""
    assert call("--site", str(patient.directory), "run", "--once").exit_code == 0
    with SiteGuard(patient.directory):
        checks = patient.asked()
    said = words(checks, "warning", "failure", topic="service")
    assert "no service, or gave no sign of life yet" in said
    assert "no watchdog of systemd" in said


def test_a_service_that_gives_signs_of_life_is_well(patient: Patient) -> None:
    """A service at work shall be told of with its process; with a broken configuration, too."""
    assert call("--site", str(patient.directory), "run", "--once").exit_code == 0
    with SiteGuard(patient.directory):
        board = Board("Plant 1000", SystemClock(), Layout(patient.directory).heartbeat_file)
        board.note(phase="running")
        board.write()
        assert f"process {os.getpid()} on" in words(patient.asked(status=0), topic="service")
        add(patient, "nonsense: 1\n")
        said = words(patient.asked(status=65), topic="service")
    assert "cannot be told without a valid configuration" in said


def test_places_that_are_down_are_told(patient: Patient) -> None:
    """A circuit that is open shall be a warning with its last error and when it is asked again."""
    assert call("--site", str(patient.directory), "run", "--once").exit_code == 0
    now = datetime.now(UTC)
    one = Circuit("server erp", CircuitState.OPEN, 5, now, now + timedelta(hours=1), "no route to host", now)
    with open_site(patient.directory) as context, context.ledger.write() as connection:
        circuits.save(connection, one)
    warnings = words(patient.asked(status=0), "warning", topic="servers")
    assert "server erp: it failed 5 times in a row" in warnings
    assert "The last error: no route to host" in warnings


def test_a_directory_that_takes_no_files_is_a_failure() -> None:
    """A directory in which this account may make nothing shall be a failure that names owner and mode."""
    how = directories.Trial(".gateway-probe-x", writes=True, least_bytes=0)
    found = list(directories.look(directories.Place("outbox", Path("/sys")), how))
    (failure,) = [one for one in found if one.verdict is Verdict.FAILURE]
    assert "owner 0:0, mode 0555" in failure.found
    assert failure.do


def test_a_certificate_that_ends_soon_is_told(patient: Patient, openssh: OpenSsh, tmp_path: Path) -> None:
    """A certificate shall be told of with its end: well, soon over as a warning, over as a failure."""
    key = make_key(tmp_path / "key")
    certificate = openssh.certificate(key, "-V", "-10d:+60d")
    add(patient, openssh.yaml(login=f"{{key: {key}, certificate: {certificate}}}"))
    assert "its certificate ends at" in words(patient.asked())
    openssh.certificate(key, "-V", "-10d:+3d")
    assert "its certificate ends at" in words(patient.asked(), "warning", topic="configuration")
    openssh.certificate(key, "-V", "-10d:-1d")
    assert "its certificate ends at" in words(patient.asked(status=65), "failure", topic="configuration")


def test_a_link_out_of_the_site_and_an_open_archive_are_seen(patient: Patient, tmp_path: Path) -> None:
    """A link that leads out of the site shall be a failure, an archive that all may write to a warning."""
    working = patient.directory / "working" / "confirmations"
    working.parent.mkdir(exist_ok=True)
    if working.exists():
        working.rmdir()
    (tmp_path / "elsewhere").mkdir()
    working.symlink_to(tmp_path / "elsewhere")
    (patient.directory / "processed").mkdir(exist_ok=True)
    (patient.directory / "processed").chmod(0o777)
    checks = patient.asked(status=65)
    assert "Remove the link" in words(checks, "failure")
    assert "everybody on this machine may write there (mode 0777)" in words(checks, "warning")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_another_file_system_in_memory_is_told_apart(patient: Patient, tmp_path: Path) -> None:
    """An inbox on another file system shall mean a copy; custody in memory be a failure."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or os.stat(shm).st_dev == os.stat(tmp_path).st_dev:
        pytest.skip("there is no other file system")
    place = shm / f"gateway-doctor-{os.getpid()}"
    place.mkdir()
    try:
        text = settings(patient).read_text()
        settings(patient).write_text(
            text.replace("    completeness", f"    source: {{type: folder, path: {place}}}\n    completeness")
        )
        checks = patient.asked(status=0)
        assert "claim of confirmations: a copy" in words(checks)
        assert not list(place.iterdir())
        how = directories.Trial(".gateway-probe-x", writes=True, least_bytes=2**60)
        found = list(directories.look(directories.Place("ledger", place, holds_custody=True), how))
    finally:
        shutil.rmtree(place)
    failures = [one.found for one in found if one.verdict is Verdict.FAILURE]
    assert any("it is in memory" in one for one in failures)
    assert any("are demanded" in one for one in failures)


def test_the_channels_are_tried_without_a_message(patient: Patient) -> None:
    """Each channel shall be gone as far as goes without a message: answers, greets, is there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        add(
            patient,
            "alerts:\n  channels:\n"
            f"    hook: {{type: webhook, url: 'http://127.0.0.1:{port}/'}}\n"
            "    pager: {type: command, command: [/bin/true]}\n"
            "    lost: {type: command, command: [/nowhere/pager]}\n"
            "  rules: [{to: [hook, pager, lost]}]\n",
        )
        checks = patient.asked(status=65)
        line, _address = listener.accept()
        line.settimeout(5)
        assert line.recv(100) == b""
        line.close()
    said = words(checks, topic="alerts")
    assert "hook: the receiver answers" in said
    assert "pager: /bin/true is there and may be run" in said
    assert "lost: /nowhere/pager is not there" in words(checks, "failure").replace("(channel lost)", "")


def test_a_clock_that_was_set_back_is_a_failure() -> None:
    """An entry of the audit trail that is later than now shall be a failure of the clock."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    found = clocks.not_set_back(now + timedelta(hours=1), now)
    assert found.verdict is Verdict.FAILURE
    assert "was set back" in found.why
    assert clocks.not_set_back(now - timedelta(hours=1), now).verdict is Verdict.OK
    assert clocks.not_set_back(None, now).verdict is Verdict.OK


def test_the_next_change_of_the_clocks_is_exact() -> None:
    """The next change of a zone's clocks shall be told to the second, and none where there is none."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    forward = clocks.next_change(ZoneInfo("Europe/Berlin"), now)
    assert forward == clocks.Change(datetime(2027, 3, 28, 1, tzinfo=UTC), timedelta(hours=1))
    back = clocks.next_change(ZoneInfo("Europe/Berlin"), datetime(2027, 6, 1, tzinfo=UTC))
    assert back == clocks.Change(datetime(2027, 10, 31, 1, tzinfo=UTC), timedelta(hours=-1))
    assert clocks.next_change(ZoneInfo("UTC"), now) is None


@pytest.mark.parametrize(
    ("cron", "month", "expected"),
    [
        ("30 2 * * *", 1, "confirmations runs at 03:30 then"),
        ("*/30 * * * *", 1, None),
        ("30 4 * * *", 1, None),
        ("30 2 * * *", 6, "confirmations runs the first time only"),
        ("*/30 * * * *", 6, "confirmations runs through both"),
        ("30 4 * * *", 6, None),
    ],
)
def test_schedules_that_fall_into_a_change_are_named(
    tmp_path: Path, cron: str, month: int, expected: str | None
) -> None:
    """A schedule in the missing or doubled hour shall be named with what becomes of it, and no other."""
    from gateway.config.loading import known_site

    text = LOCAL.replace("    completeness", f"    schedule: {{cron: '{cron}'}}\n    completeness")
    found = known_site(site(tmp_path / "site", text).directory)
    (said,) = clocks.zones(found, datetime(2027, month, 2, tzinfo=UTC))
    assert (expected in said.found) if expected else ("runs" not in said.found)


def test_what_hangs_or_breaks_is_told_and_keeps_nobody_else() -> None:
    """A look that hangs shall fail after its time with what it found; one that breaks say only that."""
    never = threading.Event()

    def hanging() -> Iterator[Check]:
        yield Subject("clock", "a").ok("seen")
        never.wait(20)

    def broken() -> Iterator[Check]:
        raise RuntimeError("a secret")
        yield

    probes = [
        Probe(Subject("clock", "a"), 0.2, hanging, "A file may be left"),
        Probe(Subject("clock", "b"), 5, broken),
        Probe(Subject("clock", "c"), 5, lambda: [Subject("clock", "c").ok("well")]),
    ]
    found = run(probes)
    never.set()
    assert [one.verdict.value for one in found] == ["ok", "failure", "failure", "ok"]
    assert "gave no answer within 0.2 s" in found[1].found
    assert "A file may be left" in found[1].why
    assert "secret" not in found[2].found


def test_libraries_that_do_not_fit_are_named() -> None:
    """A library of another version than is needed shall be named with both; extras be left out."""
    wanted = ["click>=99", "rich<1,>=0.1", "polars>=1", "nowhere>=1", "pytest>=99; extra == 'test'"]
    first, second, third = installation.unmet(wanted)
    assert first.startswith("click 8")
    assert first.endswith("is installed, needed click>=99")
    assert second.startswith("rich ")
    assert third == "nowhere is not installed"
