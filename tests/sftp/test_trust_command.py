"""`gateway trust`: what servers show, who is trusted, and the evidence of every change."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import LedgerError
from gateway.ledger import audit
from gateway.sftp.transport import dispose, open_transport
from tests.cli.plant import CONFIGURATION, Plant
from tests.sftp.openssh import OpenSsh, fingerprint, make_key, program

_OTHER = "# partners of ours\nmes.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG1lcw==\n"


@pytest.fixture(scope="module")
def erp() -> Iterator[OpenSsh]:
    """Serve with keys that a test may change."""
    with OpenSsh() as server:
        yield server


def plant_with(server: OpenSsh, directory: Path, **lines: str) -> Plant:
    return Plant.make(directory, f"{CONFIGURATION}{server.yaml(**lines)}")


@pytest.fixture
def plant(erp: OpenSsh, tmp_path: Path) -> Plant:
    """Make a site that reaches the server, and trusts nobody yet."""
    text = "".join(line for line in erp.yaml().splitlines(keepends=True) if "host_keys" not in line)
    return Plant.make(tmp_path / "site", f"{CONFIGURATION}{text}")


def known_hosts(plant: Plant) -> Path:
    return plant.directory / "config" / "known_hosts"


def test_an_operator_approves_a_key_and_its_rotation(plant: Plant, erp: OpenSsh) -> None:
    """A key shall be shown, approved and rotated, and every step stand in the audit trail with its reason."""
    known_hosts(plant).write_text(_OTHER)
    (shown,) = plant.json("trust", "show")
    first = erp.host_fingerprints[0]
    assert (shown["verdict"], shown["trusted"], shown["trusted_by"]) == ("unknown", [], "known_hosts")
    assert shown["shown"][0] == {"type": "ssh-ed25519", "fingerprint": first}
    assert "gateway trust accept erp --fingerprint" in " ".join(plant.done("trust", "show", "erp").split())
    said = plant.done("trust", "accept", "erp", "--fingerprint", first, "--reason", "call with the ERP team")
    assert f"ssh-ed25519 {first} is trusted now" in said
    assert plant.json("trust", "show")[0]["verdict"] == "trusted"

    erp.rotate_host_key()
    assert plant.json("trust", "show")[0]["verdict"] == "changed"
    second = erp.host_fingerprints[1]  # any of its types may be approved
    command = ("trust", "accept", "erp", "--fingerprint", f"{second}=", "--reason", "new machine, ticket 7")
    assert plant.json(*command) == {
        "server": "erp",
        "trusted": {"type": "ssh-rsa", "fingerprint": second},
        "replaced": [f"ssh-ed25519 {first}"],
        "changed": True,
    }
    assert plant.json("trust", "show")[0]["verdict"] == "trusted"
    assert known_hosts(plant).read_text().startswith(_OTHER)
    assert first not in plant.done("trust", "show")

    entries = [one for one in plant.json("audit", "log") if one["action"] == "host-key-trusted"]
    assert [one["reason"] for one in entries] == ["call with the ERP team", "new machine, ticket 7"]
    assert entries[1]["old"] == {"keys": [f"ssh-ed25519 {first}"]}
    assert entries[1]["new"]["key"] == f"ssh-rsa {second}"
    assert (entries[1]["object_type"], entries[1]["object_id"]) == ("server", "erp")

    assert plant.json(*command)["changed"] is False
    assert len([one for one in plant.json("audit", "log") if one["object_type"] == "server"]) == 2


def test_what_is_approved_is_what_openssh_and_sessions_take(plant: Plant, erp: OpenSsh) -> None:
    """The file that an approval writes shall be read alike by ssh-keygen and by the gateway's sessions."""
    plant.done("trust", "accept", "erp", "--fingerprint", erp.host_fingerprints[0], "--reason", "x")
    host, file = f"[127.0.0.1]:{erp.port}", str(known_hosts(plant))
    command = [program("ssh-keygen"), "-l", "-F", host, "-f", file]
    assert erp.host_fingerprints[0] in subprocess.run(command, capture_output=True, text=True).stdout
    dispose(open_transport(erp.server(host_keys=(), known_hosts=known_hosts(plant))))


def test_a_key_that_the_server_does_not_show_is_not_approved(
    plant: Plant, erp: OpenSsh, tmp_path: Path
) -> None:
    """A fingerprint that was mistyped, or is of another key, shall change nothing."""
    other = fingerprint(make_key(tmp_path / "other"))
    for given in (other, "SHA256:", "SHA256:" + "x" * 43, "12:34:56", "", erp.host_fingerprints[0][7:]):
        refused = plant.run("trust", "accept", "erp", "--fingerprint", given, "--reason", "x")
        assert refused.exit_code == 2
    assert erp.host_fingerprints[0] in plant.run(
        "trust", "accept", "erp", "--fingerprint", other, "--reason", "x"
    ).stderr.replace("\n  ", "")
    assert not known_hosts(plant).exists()
    assert plant.run("trust", "accept", "erp", "--fingerprint", other).exit_code == 2
    assert "reason" in plant.run("trust", "accept", "erp", "--fingerprint", other).stderr
    assert "Servers of the site: erp" in plant.run("trust", "show", "mes").stderr


def test_a_revoked_key_cannot_be_approved(plant: Plant, erp: OpenSsh) -> None:
    """A key that is marked as revoked shall not be approved by a slip."""
    _name, kind, blob = erp.known_hosts_lines.splitlines()[0].split()
    known_hosts(plant).write_text(f"@revoked * {kind} {blob}\n")
    before = known_hosts(plant).read_bytes()
    refused = plant.run("trust", "accept", "erp", "--fingerprint", erp.host_fingerprints[0], "--reason", "x")
    assert refused.exit_code == 24
    assert known_hosts(plant).read_bytes() == before
    assert plant.json("trust", "show")[0]["verdict"] == "revoked"


def test_keys_of_the_configuration_are_changed_there(erp: OpenSsh, tmp_path: Path) -> None:
    """Where the configuration pins the keys, nothing shall be approved beside it."""
    plant = plant_with(erp, tmp_path / "site")
    (shown,) = plant.json("trust", "show")
    assert (shown["verdict"], shown["trusted_by"]) == ("trusted", "configuration")
    for command in (("accept", "erp", "--fingerprint", erp.host_fingerprints[0]), ("remove", "erp")):
        refused = plant.run("trust", *command, "--reason", "x")
        assert refused.exit_code == 2
        assert "Change `host_keys` of the server erp in config/gateway.yaml" in refused.stderr


def test_a_server_that_is_down_hides_no_other(erp: OpenSsh, tmp_path: Path) -> None:
    """A server that cannot be asked shall be shown with the reason, beside the others."""
    down = erp.yaml("down", port="1").partition("\n")[2]
    plant = Plant.make(tmp_path / "site", f"{CONFIGURATION}{erp.yaml()}{down}")
    rows = {one["server"]: one for one in plant.json("trust", "show")}
    assert rows["erp"]["verdict"] == "trusted"
    assert rows["down"]["verdict"] is None
    assert rows["down"]["problem"]["code"] == "server-unreachable"
    assert "Connection refused" in plant.done("trust", "show")


def test_trust_can_be_taken_back(plant: Plant, erp: OpenSsh) -> None:
    """A key that is removed shall no longer be trusted, with evidence; one that is not there is said."""
    plant.done("trust", "accept", "erp", "--fingerprint", erp.host_fingerprints[0], "--reason", "x")
    gone = plant.json("trust", "remove", "erp", "--reason", "the partner was sold")
    assert gone == {"server": "erp", "removed": [f"ssh-ed25519 {erp.host_fingerprints[0]}"]}
    assert known_hosts(plant).read_text() == ""
    last = plant.json("audit", "log")[-1]
    assert (last["action"], last["reason"]) == ("host-key-removed", "the partner was sold")
    assert plant.run("trust", "remove", "erp", "--reason", "x").exit_code == 2


def test_without_evidence_nothing_is_trusted(
    plant: Plant, erp: OpenSsh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the audit entry cannot be written, known_hosts shall stay as it is."""

    def fails(*_: object) -> None:
        raise LedgerError

    monkeypatch.setattr(audit, "append", fails)
    command = ("trust", "accept", "erp", "--fingerprint", erp.host_fingerprints[0], "--reason", "x")
    assert plant.run(*command).exit_code == LedgerError.exit_status
    assert not known_hosts(plant).exists()


def test_an_approval_that_broke_off_is_given_again(plant: Plant, erp: OpenSsh, tmp_path: Path) -> None:
    """Where the file could not be written after the evidence was, the same command shall finish it."""
    known_hosts(plant).symlink_to(tmp_path / "missing" / "known_hosts")
    command = ("trust", "accept", "erp", "--fingerprint", erp.host_fingerprints[0], "--reason", "x")
    assert plant.run(*command).exit_code == 46
    (tmp_path / "missing").mkdir()
    plant.done(*command)
    assert known_hosts(plant).is_symlink()
    assert plant.json("trust", "show")[0]["verdict"] == "trusted"
