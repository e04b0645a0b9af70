"""Checkpoints are signed and copied, and a copy elsewhere proves the trail without the site's own file."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ActionRefused, ConfigurationError
from gateway.ledger import audit, checkpoint
from gateway.signing import make_key, read_private, read_public, read_public_file
from tests.cli.plant import CONFIGURATION, GOOD, LATER, Plant, call

_AUDIT = "audit: {{checkpoints: [{copy}], signing_key: {key}, trusted_keys: [{old}]}}\n"


def _configured(plant: Plant, copy: Path, key: str = "config/audit-key", old: str = "") -> None:
    text = CONFIGURATION + _AUDIT.format(copy=copy, key=key, old=old and f'"{old}"')
    (plant.directory / "config" / "gateway.yaml").write_text(text)


def _pass(plant: Plant, sample: str) -> None:
    plant.drop("confirmations", sample)
    plant.run("run", "--once")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """A site that signs its checkpoints and copies them to a directory beside it, after two passes."""
    base = tmp_path_factory.mktemp("signed")
    plant = Plant.make(base / "site")
    plant.done("audit", "key", str(plant.directory / "config" / "audit-key"))
    _configured(plant, Path("copies/kept.jsonl"))
    (plant.directory / "copies").mkdir()
    _pass(plant, GOOD.format(1))
    _pass(plant, GOOD.format(2))
    return plant


@pytest.fixture
def signed(made: Plant, tmp_path: Path) -> Plant:
    """A copy of the signing site."""
    return made.copy(tmp_path / "site")


def _codes(plant: Plant, *arguments: str) -> list[str]:
    return [one["code"] for one in plant.json("audit", "verify", *arguments)["problems"]]


def _change(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert re.search(old, data)
    path.write_bytes(re.sub(old, new, data, count=1))


def test_a_signed_site_verifies_by_itself_and_from_outside(signed: Plant, tmp_path: Path) -> None:
    """Site, copy and public key shall agree; every line of the copy shall be that of the site."""
    own, copy = signed.directory / "audit" / "checkpoints.jsonl", signed.directory / "copies" / "kept.jsonl"
    assert own.read_bytes() == copy.read_bytes()
    assert _codes(signed) == []
    public = str(signed.directory / "config" / "audit-key.pub")
    assert _codes(signed, "--checkpoints", str(copy), "--key", public) == []
    foreign = tmp_path / "foreign"
    make_key(foreign)
    assert _codes(signed, "--checkpoints", str(copy), "--key", f"{foreign}.pub") == ["signature-wrong"]


def test_signatures_are_checked_by_openssl(signed: Plant, tmp_path: Path) -> None:
    """The documented commands, with nothing but sed and openssl, shall accept each line and no other."""
    recipe = """
    file=$1 line=$2
    sed -n "${line}{s/,\\"signature\\":.*/}/;p}" "$file" | tr -d '\\n' > line.bin
    sed -n "${line}s/.*\\"signature\\":\\"\\(.*\\)\\"}/\\1/p" "$file" | base64 -d > line.sig
    openssl pkeyutl -verify -pubin -inkey audit.pem -rawin -in line.bin -sigfile line.sig
    """
    key = read_public_file(signed.directory / "config" / "audit-key.pub")
    (tmp_path / "audit.pem").write_text(key.pem)
    own = signed.directory / "audit" / "checkpoints.jsonl"
    command = ["bash", "-c", recipe, "check", str(own), "1"]
    assert b"Verified Successfully" in subprocess.run(command, cwd=tmp_path, capture_output=True).stdout
    _change(own, rb'"count":\d', rb'"count":9')
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (rb',"signature":"[^"]*"', b"", "signature-wrong"),
        (rb'"signature":"..', b'"signature":"AA', "signature-wrong"),
        (rb'"key":"SHA256:..', b'"key":"SHA256:AA', "signature-wrong"),
    ],
)
def test_a_signature_that_is_not_right_is_found(old: bytes, new: bytes, code: str, signed: Plant) -> None:
    """A signature taken away, changed, or of a foreign key shall be found with its own code."""
    own = signed.directory / "audit" / "checkpoints.jsonl"
    if new == b"":
        lines = own.read_bytes().splitlines(keepends=True)
        own.write_bytes(b"".join([*lines[:-1], re.sub(old, new, lines[-1])]))
        code = "signature-missing"
    else:
        _change(own, old, new)
    found = _codes(signed)
    assert code in found
    assert "checkpoint-copy-differs" in found


def test_a_new_key_is_announced_by_the_old_one(signed: Plant) -> None:
    """After a change of keys the old public key alone shall verify all lines; no other may sign."""
    config, copy = signed.directory / "config", signed.directory / "copies" / "kept.jsonl"
    signed.done("audit", "key", str(config / "next"), "--announce")
    old = read_public_file(config / "audit-key.pub").text
    _configured(signed, Path("copies/kept.jsonl"), "config/next", old)
    _pass(signed, LATER.format(4))
    assert _codes(signed) == []
    assert _codes(signed, "--checkpoints", str(copy), "--key", str(config / "audit-key.pub")) == []
    assert "signing-key-announced" in {one["action"] for one in signed.json("audit", "log")}
    make_key(config / "foreign")
    _configured(signed, Path("copies/kept.jsonl"), "config/foreign", old)
    _pass(signed, LATER.format(5))
    assert "signature-wrong" in _codes(signed, "--checkpoints", str(copy), "--key", str(config / "next.pub"))


def test_a_copy_that_is_away_stops_nothing_and_is_caught_up(signed: Plant) -> None:
    """While the place of a copy is gone, files shall be processed and people told; later it has all lines."""
    copies = signed.directory / "copies"
    copies.rename(signed.directory / "away")
    signed.drop("confirmations", LATER.format(4))
    result = signed.run("run", "--once")
    assert "copy of the checkpoints is not there" in result.output
    assert _codes(signed) == ["checkpoint-copy-unreachable"]
    (signed.directory / "away").rename(copies)
    assert _codes(signed) == ["checkpoint-copy-behind"]
    signed.run("run", "--once")
    assert _codes(signed) == []


def test_a_copy_is_not_behind_while_a_gateway_writes_it(signed: Plant) -> None:
    """What a gateway is about to bring to the copy shall not be missed; what it leaves behind shall."""
    own, copy = signed.directory / "audit" / "checkpoints.jsonl", signed.directory / "copies" / "kept.jsonl"
    whole = own.read_bytes()
    behind = b"".join(whole.splitlines(keepends=True)[:-1])
    copy.write_bytes(behind)
    locked = threading.Event()

    def gateway() -> None:
        with checkpoint.alone(str(own)):
            locked.set()
            time.sleep(0.5)
            copy.write_bytes(whole)

    at_work = threading.Thread(target=gateway)
    at_work.start()
    locked.wait(10)
    assert _codes(signed) == []
    at_work.join()
    copy.write_bytes(behind)
    assert _codes(signed) == ["checkpoint-copy-behind"]


def test_a_line_that_comes_during_a_look_is_known(signed: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass that ends between the reading of the file and that of its copy shall leave no difference."""
    verify = audit.verify

    def slowly(*arguments: Any) -> Any:
        monkeypatch.undo()
        _pass(signed, LATER.format(4))
        return verify(*arguments)

    monkeypatch.setattr(audit, "verify", slowly)
    assert _codes(signed) == []
    assert _codes(signed) == []


def test_a_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    """A key shall be readable by its owner alone, overwrite nothing, and be read in both usual forms."""
    path = tmp_path / "key"
    public = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ActionRefused):
        make_key(path)
    assert (
        read_private(path).public
        == public
        == read_public(public.text, "here")
        == read_public(public.pem, "x")
    )
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "word", "-f", tmp_path / "ssh"], check=True)
    assert read_private(tmp_path / "ssh", "word").public == read_public_file(tmp_path / "ssh.pub")
    listed = subprocess.run(["ssh-keygen", "-lf", tmp_path / "ssh.pub"], check=True, capture_output=True)
    assert read_public_file(tmp_path / "ssh.pub").fingerprint in listed.stdout.decode()
    for wrong in (lambda: read_private(tmp_path / "ssh", "other"), lambda: read_public("ssh-rsa AAAA", "x")):
        with pytest.raises(ConfigurationError):
            wrong()


def test_an_export_is_verified_with_and_without_the_ledger(signed: Plant, tmp_path: Path) -> None:
    """An export shall be checked anywhere; beside its ledger the entry and column that differ are named."""
    out = tmp_path / "trail.jsonl"
    signed.done("audit", "export", str(out))
    alone = call("--site", str(tmp_path / "nowhere"), "audit", "verify", "--export", str(out), "--json")
    assert json.loads(alone.stdout)["problems"] == []
    assert _codes(signed, "--export", str(out)) == []
    _change(out, rb'"actor":"', rb'"actor":"x')
    assert _codes(signed, "--export", str(out)) == ["audit-altered"]
