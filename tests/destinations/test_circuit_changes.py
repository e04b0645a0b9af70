"""Somebody changes what kept a partner away: the gateway does not wait until its next probe."""

from __future__ import annotations

from pathlib import Path

from gateway.model import State
from gateway.operations import trusting
from gateway.rules.circuit import CircuitState
from tests.destinations.outgoing import Outgoing
from tests.pipeline.plant import ROUTE, confirmation, name_of, route
from tests.sftp.script import Act
from tests.sftp.scripted import Scripted

NAME = name_of(1)


def left_alone(directory: Path, server: Scripted, **lines: str) -> Outgoing:
    """Return a site whose server is left alone for long, with a file that waits for it."""
    text = {"retry": "{first: 5h, cap: 5h, jitter: 0, open_after: 1}", **lines}
    site = Outgoing.build(directory, server, server.root / "in", more="", routes=None, **text)
    site.plant.drop_confirmation(1)
    site.plant.run()
    circuit = site.circuit()
    assert circuit is not None
    assert circuit.state is CircuitState.OPEN
    return site


def test_a_server_whose_key_is_approved_is_asked_at_once(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall deliver with the next pass after an operator approved the server's host key."""
    scripted_lines = {"host_keys": "[]", "known_hosts": "config/known_hosts"}
    site = left_alone(tmp_path / "site", scripted, **scripted_lines)
    fingerprint = str(scripted.host_key.fingerprint)
    with site.plant.opened() as context:
        trusting.accept(context, "erp", fingerprint, "the partner told it on the telephone")
    site.plant.clock.advance(seconds=1)
    (report,) = site.plant.run()
    assert report.problems == []
    assert site.names == [NAME]
    assert site.circuit() is None


def test_a_changed_configuration_is_tried_at_once(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall ask again with the first pass over a changed configuration."""
    site = left_alone(tmp_path / "site", scripted, user="nobody")
    config = site.plant.directory / "config" / "gateway.yaml"
    config.write_text(config.read_text().replace("user: nobody", f"user: {scripted.user}"))
    site.plant.clock.advance(seconds=1)
    site.plant.run()
    assert site.names == [NAME]
    assert site.plant.states() == {NAME: State.PROCESSED}


def test_a_server_that_is_configured_no_more_is_forgotten(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall forget the circuit of a server that is configured no more, and record its end."""
    site = left_alone(tmp_path / "site", scripted, user="nobody")
    site.plant.configure(ROUTE)
    site.plant.run()
    assert site.circuit() is None
    (closed,) = site.trail("circuit-closed")
    assert closed.reason == "It is no longer in the configuration"


def test_a_place_that_is_away_is_told_once_a_pass(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall report a server once a pass, though source and destination both want it."""
    (scripted.root / "out").mkdir()
    source = (
        f"{{type: sftp, server: erp, path: {scripted.remote(scripted.root / 'out')}, acknowledge: delete}}"
    )
    site = Outgoing.build(
        tmp_path / "site",
        scripted,
        scripted.root / "in",
        routes=lambda to: route(source=source, destinations=f"{{erp: {to}}}"),
    )
    scripted.on("rename", Act.CUT_AFTER, then=scripted.stop)
    (scripted.root / "out" / NAME).write_bytes(confirmation(1))
    for _ in range(4):
        (report,) = site.plant.run()
        assert len({one.error.code for one in report.problems}) <= 1, report.problems
        site.plant.clock.advance(seconds=61)
