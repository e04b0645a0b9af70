"""`gateway init` and `gateway config`: a site that explains itself, and all its problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.errors import ConfigurationError
from tests.cli.plant import CONFIGURATION, Plant, call


def test_init_makes_a_site_that_is_right_as_it_is(tmp_path: Path) -> None:
    """A new site has a commented configuration, formats and directories, and checks without a problem."""
    made = call("init", str(tmp_path / "site"))
    assert made.exit_code == 0, made.output
    assert f"A site is in {tmp_path / 'site'}\n" in made.stdout
    assert "run --once" in made.stdout
    text = (tmp_path / "site" / "config" / "gateway.yaml").read_text()
    assert text.count("#") > 20
    plant = Plant(tmp_path / "site")
    assert plant.run("config", "check").exit_code == 0
    assert plant.run("run", "--once").exit_code == 0
    assert plant.run("status").exit_code == 0


def test_init_touches_no_site_that_is_there(plant: Plant) -> None:
    """A second `init` is refused, and the configuration stays as it was."""
    result = call("init", str(plant.directory))
    assert result.exit_code == 2
    assert "There is a site already" in result.stderr
    assert (plant.directory / "config" / "gateway.yaml").read_text() == CONFIGURATION


def test_init_where_nothing_can_be_made_is_coded(tmp_path: Path) -> None:
    """A place that cannot hold a site is a custody error with its cause."""
    (tmp_path / "file").touch()
    result = call("init", str(tmp_path / "file" / "site"))
    assert result.exit_code == 40
    assert "The site cannot be made" in result.stderr


def test_all_problems_come_at_once_with_file_and_line(plant: Plant) -> None:
    """Every problem is shown with file, line, what was found and what is allowed, and leaves with 3."""
    path = plant.directory / "config" / "gateway.yaml"
    text = CONFIGURATION.replace("order: strict", "order: strickt").replace(
        "  orders:\n", "  orders:\n    colour: red\n"
    )
    path.write_text(text)
    result = plant.run("config", "check")
    assert result.exit_code == 3
    lines = [n for n, line in enumerate(text.splitlines(), 1) if "strickt" in line or "colour" in line]
    for line in lines:
        assert f"{path}:{line}:" in result.stdout
    assert 'found    "strickt"' in result.stdout
    assert "allowed  " in result.stdout
    problems = plant.json("config", "check")["problems"]
    assert [one["line"] for one in problems] == lines


def test_a_broken_configuration_stops_every_command_with_its_list(plant: Plant) -> None:
    """Any command on such a site leaves with 3 and the same list, before it does anything."""
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(CONFIGURATION.replace("order: strict", "order: strickt"))
    for command in (["status"], ["run", "--once"], ["failed", "list"], ["formats", "list"]):
        result = plant.run(*command)
        assert result.exit_code == 3
        assert result.stderr.startswith("gateway: [config-invalid] ")
        assert "strickt" in result.stderr


def test_a_message_type_without_format_is_a_problem_of_its_line(plant: Plant) -> None:
    """A route whose message type the catalogue does not have is shown with line and what there is."""
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(CONFIGURATION.replace("message_type: order", "message_type: ordre"))
    result = plant.run("config", "check")
    assert result.exit_code == 3
    assert "found    ordre" in result.stdout
    assert "bom, confirmation, consumption, inventory-adjustment, material, order" in result.stdout


def test_a_range_that_no_version_meets_is_a_problem(plant: Plant) -> None:
    """A route that accepts only versions which do not exist would fail every file: that is said before."""
    path = plant.directory / "config" / "gateway.yaml"
    orders = "    message_type: order\n"
    path.write_text(CONFIGURATION.replace(orders, f'{orders}    versions: ">=7"\n'))
    result = plant.run("config", "check")
    assert result.exit_code == 10
    assert "routes.orders.versions: the catalogue has no version that this route accepts" in result.stdout
    assert "allowed  1.0.0, 1.1.0" in result.stdout


def test_a_sender_that_may_send_no_version_is_told(plant: Plant) -> None:
    """A sender's range that leaves none of the catalogue's versions is a problem of the check."""
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(CONFIGURATION + 'partners:\n  MES01: {versions: {confirmation: ">=7"}}\n')
    result = plant.run("config", "check")
    assert result.exit_code == 10
    assert "partners.MES01.versions.confirmation: the catalogue has no version" in result.stdout


def test_a_format_that_changed_after_its_release_is_told(plant: Plant) -> None:
    """The check names the file of a released format that is not the one that was locked."""
    path = plant.directory / "formats" / "order" / "1.1.0" / "schema.xsd"
    path.write_bytes(path.read_bytes() + b"\n")
    result = plant.run("config", "check")
    assert result.exit_code == 10
    assert f"{path}\n    the file was changed" in result.stdout


def test_problems_of_used_formats_are_shown_too(plant: Plant) -> None:
    """The check reads the formats of the routes; a problem leaves with 10 and its file and line."""
    path = plant.directory / "formats" / "order" / "1.1.0" / "format.yaml"
    path.write_text(path.read_text().replace("kind: xml", "kind: xlm"))
    result = plant.run("config", "check")
    assert result.exit_code == 10
    assert f"{path}:" in result.stdout
    unused = plant.directory / "formats" / "bom" / "1.0.0" / "format.yaml"
    unused.write_text("nonsense")
    assert str(unused) not in plant.run("config", "check").stdout


def test_the_configuration_is_shown_with_defaults_and_without_secrets(plant: Plant) -> None:
    """What is shown is complete, and a secret appears only as where it comes from."""
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(CONFIGURATION.replace("  time_zone", "  ledger: {env: PLANT_LEDGER}\n  time_zone"))
    result = plant.run("config", "show", PLANT_LEDGER="sqlite:////secret/place.db")
    assert result.exit_code == 0
    assert "secret" not in result.stdout
    assert '"PLANT_LEDGER"' in result.stdout
    assert '"batch_files": 100' in result.stdout


SERVER = "servers: {erp: {host: h, user: u, login: {password: {env: ERP_PASSWORD}}}}\n"


def test_missing_secrets_are_told_apart_from_problems(plant: Plant) -> None:
    """On a desk without the secrets the check finds no problem, names them, and leaves with 5."""
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(CONFIGURATION + SERVER)
    result = plant.run("config", "check")
    assert result.exit_code == 5
    assert "no problem found" in result.stdout
    assert "1 secret cannot be had here" in result.stdout
    assert "servers.erp.login.password: the environment variable ERP_PASSWORD is not set" in result.stdout
    assert plant.run("config", "check", ERP_PASSWORD="x").exit_code == 0
    (missing,) = plant.json("config", "check")["missing_secrets"]
    assert missing["path"] == "servers.erp.login.password"


def test_passes_need_all_secrets_and_looking_needs_none(plant: Plant) -> None:
    """Without a secret no pass begins, and an operator can still look at the site."""
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(CONFIGURATION + SERVER)
    refused = plant.run("run", "--once")
    assert refused.exit_code == 5
    assert "ERP_PASSWORD is not set" in refused.stderr
    assert plant.run("status").exit_code == 0


@pytest.mark.parametrize("command", [["config", "show"], ["config", "check"], ["config", "check", "--json"]])
def test_no_site_is_no_list_of_problems(command: list[str], tmp_path: Path) -> None:
    """Where there is no configuration at all, every form of the question leaves with 4."""
    assert call("--site", str(tmp_path), *command).exit_code == 4


@pytest.mark.parametrize("key", ["missing", "nonsense", "ecdsa"])
def test_a_key_that_cannot_sign_is_told_in_the_words_of_the_run(key: str, plant: Plant) -> None:
    """Check and doctor shall say of `audit.signing_key` what a pass says, with its code and exit status."""
    config = plant.directory / "config"
    (config / "gateway.yaml").write_text(f"{CONFIGURATION}audit: {{signing_key: config/signing}}\n")
    if key == "nonsense":
        (config / "signing").write_text("no key\n")
    elif key == "ecdsa":
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        (config / "signing").write_bytes(made)
    told = next(line for line in plant.run("run", "--once").output.splitlines() if "[config-invalid]" in line)
    checked = plant.run("config", "check")
    assert checked.exit_code == ConfigurationError.exit_status
    assert told.strip(" !") in checked.stderr
    assert plant.run("doctor").exit_code != 0


def test_a_key_is_not_judged_without_its_passphrase(plant: Plant) -> None:
    """On a desk that lacks the passphrase, the check shall name that and nothing else; with it, the key."""
    audit = "audit: {signing_key: config/signing, passphrase: {env: AUDIT_WORD}}\n"
    (plant.directory / "config" / "gateway.yaml").write_text(CONFIGURATION + audit)
    assert plant.run("config", "check").exit_code == 5
    assert plant.run("config", "check", AUDIT_WORD="word").exit_code == ConfigurationError.exit_status
