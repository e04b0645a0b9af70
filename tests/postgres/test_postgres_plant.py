"""Whole passes of a site whose ledger is on a server."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from gateway.ledger.engine import open_ledger
from gateway.model import State
from gateway.operations.reprocess import Selection, reprocess, select
from tests.cli.plant import call
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.postgres.server import PostgresServer
from tests.postgres.sites import sited

STRICT = "{model: counter, order: strict, start: 1}"
DONE, FAILED, HELD, DUPLICATE = State.PROCESSED, State.FAILED, State.HELD, State.DUPLICATE


@dataclass
class Operator:
    """Somebody who types commands about one site."""

    site: Path

    def asks(self, *words: str) -> Result:
        """Run a command as a person would."""
        return call("--site", str(self.site), *words)


@pytest.fixture
def plant(tmp_path: Path, postgres: PostgresServer) -> Plant:
    return sited(tmp_path / "site", postgres.create_database(), route(sequence=STRICT))


def test_a_plant_on_a_server_works_as_one_on_a_file(plant: Plant) -> None:
    """Files shall be accepted, held, released, refused, set aside and tried again, all of it proved."""
    plant.drop_confirmation(1)
    plant.drop(name_of(2), confirmation(2, quantity="4B0,5"))
    plant.drop_confirmation(3)
    plant.run()
    assert plant.states() == {name_of(1): DONE, name_of(2): FAILED, name_of(3): HELD}
    plant.drop("CONF_MES01_0000001.csv", confirmation(1))
    plant.run()
    assert plant.transfer(name_of(1)).state is DUPLICATE
    with plant.opened() as context:
        reprocess(context, select(context, Selection()), "looked at again", ())
    plant.run()
    assert plant.transfer(name_of(2)).attempt == 2
    plant.drop_confirmation(2)
    plant.run()
    assert plant.states()[name_of(3)] is DONE
    assert len([name for name in plant.delivered() if name.endswith(".csv")]) == 3
    plant.demand_proof()


def test_commands_look_at_a_ledger_on_a_server(plant: Plant) -> None:
    """Every command that looks shall work with a ledger on a server, and none show a password."""
    plant.drop_confirmation(1)
    plant.run()
    operator = Operator(plant.directory)
    for words in (
        ("config", "check"),
        ("config", "show"),
        ("status", "--json"),
        ("verify",),
        ("audit", "verify"),
        ("audit", "log"),
        ("metrics",),
    ):
        result = operator.asks(*words)
        assert result.exit_code == 0, (words, result.output)
    assert json.loads(operator.asks("status", "--json").output)


def test_an_unknown_kind_of_ledger_is_found_by_the_check(plant: Plant) -> None:
    """A ledger that is neither a file nor on PostgreSQL shall be told with its line, and no pass begin."""
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(path.read_text().replace("postgresql://", "mysql://"))
    for words in (("config", "check"), ("run", "--once")):
        said = Operator(plant.directory).asks(*words)
        assert said.exit_code == 3
        assert "no such kind of ledger" in said.output


def test_the_doctor_says_what_endangers_a_server(plant: Plant) -> None:
    """The doctor shall say that the server does not sync, and that its ledger is whole and can be written."""
    said = Operator(plant.directory).asks("doctor", "--json").output
    assert "fsync = off" in said
    assert "possible (tried, and taken back)" in said


def test_two_sites_in_one_database_do_not_see_each_other(tmp_path: Path, postgres: PostgresServer) -> None:
    """Sites whose URLs name schemas of one database shall each have their own ledger there, made by init."""
    database = postgres.create_database().rpartition("/")[2]
    plants = [
        sited(tmp_path / name, postgres.url(database, options=f"-csearch_path%3D{name}"), route())
        for name in ("north", "south")
    ]
    plants[0].drop_confirmation(1)
    for one in plants:
        one.run()
    assert plants[0].states() == {name_of(1): DONE}
    assert plants[1].states() == {}
    assert {
        row[0]
        for row in postgres.sql(
            "SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_name = 'transfers'",
            database,
        )
    } == {"north", "south"}


def test_a_password_is_taken_from_outside_and_never_shown(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL from the environment shall serve, and its password stand in no answer of a command."""
    password = secrets.token_hex(8)
    url = postgres.create_database().replace("gateway@", f"gateway:{password}@")
    monkeypatch.setenv("LEDGER_URL", url)
    plant = sited(tmp_path / "site", "{env: LEDGER_URL}", route())
    plant.drop_confirmation(1)
    plant.run()
    operator = Operator(plant.directory)
    said = [
        operator.asks(*words).output
        for words in (("config", "show"), ("status",), ("doctor",), ("audit", "log"))
    ]
    postgres.sql(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")
    said.append(operator.asks("status").output)
    assert "does not exist" in said[-1]
    assert not [text for text in said if password in text]
    everywhere = [path for path in plant.directory.rglob("*") if path.is_file()]
    assert not [path for path in everywhere if password.encode() in path.read_bytes()]


def test_a_very_long_identity_stops_nobody(plant: Plant) -> None:
    """A file whose message id or sender is far too long for an index shall become a transfer like others."""
    long = secrets.token_hex(4000)
    plant.drop("long-id.csv", confirmation(1, message_id=long))
    plant.drop("long-sender.csv", confirmation(1, sender=long))
    plant.drop_confirmation(1, sender="MES02")
    plant.run()
    assert plant.states()[name_of(1, "MES02")] is DONE
    assert len(plant.states()) == 3
    plant.demand_proof()


def test_a_ledger_with_other_rows_of_the_trail_is_found(plant: Plant) -> None:
    """An audit entry that was changed on the server shall be found."""
    plant.drop_confirmation(1)
    plant.run()
    with open_ledger(url_of(plant)).write() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'somebody.else' WHERE sequence = 2")
    said = Operator(plant.directory).asks("audit", "verify")
    assert said.exit_code == 61
    assert "entry 2" in said.output


def url_of(plant: Plant) -> str:
    """Return the URL that stands in a plant's configuration."""
    text = (plant.directory / "config" / "gateway.yaml").read_text()
    return next(line.split(": ", 1)[1] for line in text.splitlines() if line.startswith("  ledger: "))
