"""`gateway formats new|lock|retire|approve`: from an old version to a released one, with who and why."""

# ruff: noqa: E501 - what each test shows is one sentence

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gateway.bundle import bundled
from gateway.formats.lock_file import read_lock
from gateway.formats.lock_file import schema as lock_schema
from tests.cli.plant import GOOD, Plant, call, sample

WHY = ("--reason", "agreed with the ERP team")


@pytest.fixture
def formats(tmp_path: Path) -> Path:
    """Return a catalogue that belongs to no site."""
    return Path(shutil.copytree(bundled("formats"), tmp_path / "formats"))


def at(formats: Path, *arguments: str) -> str:
    """Call `gateway formats` on a catalogue, which must leave with 0, and return what it printed."""
    result = call("--actor", "anna", "formats", *arguments, "--formats", str(formats))
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(formats: Path, *arguments: str) -> tuple[int, str]:
    """Call `gateway formats` on a catalogue, and return how it left and what it complained of."""
    result = call("formats", *arguments, "--formats", str(formats))
    return result.exit_code, result.stderr


def definition(formats: Path, name: str) -> Path:
    message_type, _at, version = name.partition("@")
    return formats / message_type / version / "format.yaml"


def test_a_version_goes_from_copy_to_release_to_retirement(formats: Path) -> None:
    """A new version is a draft, is locked with who and why, and takes no files once it is retired."""
    text = at(formats, "new", "confirmation@1.1.0")
    assert "confirmation@1.2.0 is a draft now" in text
    assert "gateway formats lock confirmation@1.2.0" in text
    path = definition(formats, "confirmation@1.2.0")
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'["1.1"]', b'["1.2"]'))
    changed = path.read_bytes()
    assert changed != raw
    said = at(formats, "lock", "confirmation@1.2.0", *WHY)
    assert "Its status line says released now" in said
    assert path.read_bytes() == changed.replace(b"status: draft", b"status: released")
    signed = read_lock(formats).release("confirmation 1.2.0").signed  # type: ignore[union-attr] # it was locked
    assert (signed.by, signed.reason) == ("anna", WHY[1])
    assert "nothing was done" in at(formats, "lock", "confirmation@1.2.0", *WHY)
    assert "is retired: files in this layout fail" in at(formats, "retire", "confirmation@1.0.0", *WHY)
    assert "nothing was done" in at(formats, "retire", "confirmation@1.0.0", *WHY)
    rows = {(one["message_type"], one["version"]): one for one in json.loads(at(formats, "list", "--json"))}
    assert (rows["confirmation", "1.0.0"]["status"], rows["confirmation", "1.0.0"]["lock"]) == (
        "retired",
        "locked",
    )
    assert (rows["confirmation", "1.2.0"]["status"], rows["confirmation", "1.2.0"]["lock"]) == (
        "released",
        "locked",
    )
    result = call("validate", str(sample(GOOD.format(1))), "--formats", str(formats))
    assert result.exit_code == 1
    assert "which is retired" in result.stdout
    assert "no problem found" in at(formats, "check")


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["--minor"], "1.2.0"),
        ([], "1.2.0"),
        (["--patch"], "1.1.1"),
        (["--major"], "2.0.0"),
        (["7.1.3"], "7.1.3"),
    ],
)
def test_a_new_version_has_the_next_number(formats: Path, arguments: list[str], made: str) -> None:
    """The next minor is made unless another is asked for; all files but the first lines are the same bytes."""
    shutil.rmtree(formats / "confirmation" / "2.0.0")
    (formats / "confirmation" / "1.1.0" / "notes").mkdir()
    (formats / "confirmation" / "1.1.0" / "notes" / "a.txt").write_bytes(b"\xff\r\n")
    at(formats, "new", "confirmation", *arguments)
    old, new = (definition(formats, f"confirmation@{one}") for one in ("1.1.0", made))
    assert (new.parent / "notes" / "a.txt").read_bytes() == b"\xff\r\n"
    kept = [line for line in old.read_bytes().splitlines() if line in new.read_bytes().splitlines()]
    assert len(old.read_bytes().splitlines()) - len(kept) <= 4
    assert not list(formats.rglob(".new*"))


def test_what_exists_is_never_overwritten(formats: Path) -> None:
    """A number that is taken is refused, and nothing of it is touched."""
    before = definition(formats, "confirmation@2.0.0").read_bytes()
    status, said = refused(formats, "new", "confirmation@1.1.0", "2.0.0")
    assert (status, "There is confirmation 2.0.0 already" in said) == (2, True)
    assert definition(formats, "confirmation@2.0.0").read_bytes() == before
    assert refused(formats, "new", "confirmation@1.1.0", "two")[0] == 2
    assert refused(formats, "new", "confirmation@9.9.9")[0] == 11


@pytest.mark.parametrize(
    "command",
    [("lock", "confirmation@2.0.0"), ("retire", "confirmation@1.0.0"), ("approve", "0123456789abcdef")],
)
def test_nothing_is_done_without_a_reason(formats: Path, command: tuple[str, ...]) -> None:
    """Every act in the lock needs a reason; without one nothing changes."""
    before = (formats / "formats.lock").read_bytes()
    for reason in ((), ("--reason", "  ")):
        status, said = refused(formats, *command, *reason)
        assert status == 2
        assert "[reason-missing]" in said
    assert (formats / "formats.lock").read_bytes() == before
    assert b"status: draft" in definition(formats, "confirmation@2.0.0").read_bytes()


def test_a_version_with_problems_is_not_released(formats: Path) -> None:
    """Any problem refuses the release, of all versions named together, and nothing is changed."""
    path = definition(formats, "confirmation@2.0.0")
    path.write_bytes(path.read_bytes().replace(b"version: 2.0.0", b"version: 2.0.0\nfile_name: '[0-9'", 1))
    at(formats, "new", "bom@1.0.0")
    status, said = refused(formats, "lock", "bom@1.1.0", "confirmation@2.0.0", *WHY)
    assert status == 10
    assert "format.yaml:" in said
    assert b"status: draft" in definition(formats, "bom@1.1.0").read_bytes()
    assert read_lock(formats).release("bom 1.1.0") is None


def test_a_text_that_means_two_versions_refuses_the_release(formats: Path) -> None:
    """A copy whose files would say the same version as another's is not released as it is."""
    at(formats, "new", "confirmation@1.1.0")
    status, said = refused(formats, "lock", "confirmation@1.2.0", *WHY)
    assert status == 10
    assert "it means 1.1.0 already, which is in force on the same days" in said
    result = call("formats", "check", "confirmation@1.2.0", "--formats", str(formats))
    assert "it means 1.1.0 already" in result.stdout


def test_a_release_that_was_broken_off_is_completed(formats: Path) -> None:
    """A version that says released and did not come into the lock is locked by the same command."""
    path = definition(formats, "confirmation@2.0.0")
    path.write_bytes(path.read_bytes().replace(b"status: draft", b"status: released"))
    assert call("formats", "check", "--formats", str(formats)).exit_code == 10
    assert "confirmation 2.0.0 is locked" in at(formats, "lock", "--all", *WHY)
    assert "no problem found" in at(formats, "check")
    assert "locked already" in at(formats, "lock", "--all", *WHY)


def test_changed_bytes_are_never_locked_again(formats: Path) -> None:
    """There is no way to lock a changed version but a new one."""
    path = definition(formats, "bom@1.0.0")
    path.write_bytes(path.read_bytes() + b"# one more line\n")
    status, said = refused(formats, "lock", "bom@1.0.0", *WHY)
    assert status == 12
    assert f"{path}: the file was changed" in said
    assert "gateway formats new" in said
    rows = {
        (one["message_type"], one["version"]): one["lock"]
        for one in json.loads(at(formats, "list", "--json"))
    }
    assert rows["bom", "1.0.0"] == "CHANGED"


def test_a_version_in_the_lock_that_is_gone_is_told(formats: Path) -> None:
    """A released version that somebody took away is a problem of the check."""
    shutil.rmtree(formats / "bom")
    result = call("formats", "check", "--formats", str(formats))
    assert result.exit_code == 10
    assert "bom 1.0.0: it is in the lock, and the catalogue does not have it" in result.stdout


def test_only_what_was_released_can_be_retired(formats: Path) -> None:
    """A draft cannot be retired: it was never released."""
    status, said = refused(formats, "retire", "confirmation@2.0.0", *WHY)
    assert (status, "was never locked" in said) == (13, True)
    for command in ("retire", "lock"):
        status, said = refused(formats, command, "confirmation", *WHY)
        assert (status, "Say which version of confirmation" in said) == (2, True)


def test_a_mapping_is_locked_once_it_is_called_released(formats: Path) -> None:
    """A mapping is named by its file; one that is a draft, or none at all, is refused."""
    path = formats / "confirmation" / "mappings" / "1.1.0-to-2.0.0.yaml"
    status, said = refused(formats, "lock", "confirmation/mappings/1.1.0-to-2.0.0.yaml", *WHY)
    assert (status, "only a released mapping is locked" in said) == (15, True)
    path.write_bytes(path.read_bytes().replace(b"status: draft", b"status: released"))
    said = at(formats, "lock", "confirmation/mappings/1.1.0-to-2.0.0.yaml", *WHY)
    assert "confirmation mappings/1.1.0-to-2.0.0.yaml is locked: 1 file" in said
    for wrong in ("confirmation/mappings/x.yaml", "confirmation/mappings/../../formats.lock", "a/b/c"):
        assert refused(formats, "lock", wrong, *WHY)[0] == 2


def test_what_is_done_at_a_site_is_in_its_audit_trail(plant: Plant) -> None:
    """A release at a site is an entry of its audit trail, with actor and reason."""
    plant.done("--actor", "anna", "formats", "lock", "confirmation@2.0.0", *WHY)
    plant.done("--actor", "anna", "formats", "retire", "confirmation@1.0.0", *WHY)
    entries = {one["action"]: one for one in plant.json("audit", "log")}
    assert entries["format-locked"]["object_id"] == "confirmation 2.0.0"
    assert entries["format-locked"]["reason"] == WHY[1]
    assert entries["format-retired"]["object_id"] == "confirmation 1.0.0"
    assert plant.run("audit", "verify").exit_code == 0


def test_the_formats_of_the_installation_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a site and --formats nothing is changed: the catalogue that came with the gateway is nobody's."""
    monkeypatch.chdir(tmp_path)
    result = call("formats", "retire", "confirmation@1.0.0", *WHY)
    assert result.exit_code == 2
    assert "--formats DIRECTORY" in result.stderr
    assert call("formats", "lock", "--formats", str(bundled("formats")), *WHY).exit_code == 2


def test_a_blank_actor_is_the_user(formats: Path) -> None:
    """A blank name of who acts never reaches the lock: nobody could read it again."""
    result = call("--actor", " ", "formats", "lock", "confirmation@2.0.0", *WHY, "--formats", str(formats))
    assert result.exit_code == 0, result.output
    assert read_lock(formats).release("confirmation 2.0.0").signed.by.strip()  # type: ignore[union-attr] # locked


def test_a_file_whose_name_cannot_be_shown_refuses_the_release(formats: Path) -> None:
    """A name that the lock could not say is refused, and the lock stays as it was."""
    (formats / "confirmation" / "2.0.0" / "a\x7fb").write_text("x")
    status, said = refused(formats, "lock", "confirmation@2.0.0", *WHY)
    assert status == 10
    assert "cannot be shown" in said
    assert read_lock(formats).entries == read_lock(bundled("formats")).entries


def test_a_lock_that_could_not_be_read_again_is_not_written(
    formats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that would grow beyond what is read is left as it is."""
    monkeypatch.chdir(formats)  # away from the example's configuration, which is longer
    before = (formats / "formats.lock").read_bytes()
    monkeypatch.setattr("gateway.documents.MAX_BYTES", len(before) + 100)
    status, said = refused(formats, "retire", "confirmation@1.0.0", *WHY)
    assert status == 2
    assert "Nothing is written" in said
    assert (formats / "formats.lock").read_bytes() == before


def test_a_catalogue_without_a_site_has_no_lock_to_accept(formats: Path) -> None:
    """Only a site knows which lock it worked with."""
    result = call("--site", str(formats), "formats", "accept", *WHY)
    assert result.exit_code == 2
    assert "There is no site here" in result.stderr


def test_the_status_says_which_formats_take_no_files_and_why(plant: Plant) -> None:
    """The status names the version, the file that differs with both digests, and what to do."""
    assert plant.json("status")["formats"] == []
    path = plant.directory / "formats" / "confirmation" / "1.1.0" / "format.yaml"
    path.write_bytes(path.read_bytes() + b"\n")
    (reason,) = plant.json("status")["formats"]
    assert (reason["code"], reason["versions"]) == ("format-changed", ["confirmation 1.1.0"])
    assert "format.yaml: the file was changed after the release (found SHA-256" in reason["lines"][1]
    said = plant.done("status")
    assert "No files are taken in: confirmation 1.1.0" in said
    assert "Needs you: a format that takes no files" in said
    assert "Put the locked bytes back" in plant.run("config", "check").stdout


def test_a_lost_lock_is_accepted_with_a_reason(plant: Plant) -> None:
    """A lock that lacks an entry is accepted by a command, once, with a reason."""
    lock = plant.directory / "formats" / "formats.lock"
    older = lock.read_bytes()
    plant.done("formats", "retire", "confirmation@1.0.0", *WHY)
    lock.write_bytes(older)
    assert "gateway formats accept" in plant.done("status")
    assert plant.run("formats", "accept").exit_code == 2
    assert "accepted as it stands" in plant.done("formats", "accept", *WHY)
    assert "nothing was done" in plant.done("formats", "accept", *WHY)
    assert plant.json("status")["formats"] == []


def test_a_note_says_that_routes_refuse_a_good_file_today(formats: Path) -> None:
    """Validating a file against a retired version says that no route takes it, and finds no error."""
    at(formats, "retire", "confirmation@1.1.0", *WHY)
    file = str(sample(GOOD.format(1)))
    result = call("validate", file, "--format", "confirmation@1.1.0", "--formats", str(formats))
    assert "Note: confirmation 1.1.0 is retired" in result.stdout
    path = definition(formats, "confirmation@2.0.0")
    path.write_text(
        path.read_text().replace("status: draft", "status: draft\neffective: {from: '2999-01-01'}")
    )
    late = str(bundled("samples") / "confirmation" / "2.0.0" / "good" / "CONF_MES01_0000007.csv")
    result = call("validate", late, "--format", "confirmation@2.0.0", "--formats", str(formats))
    assert result.exit_code == 0, result.output
    assert "Note: confirmation 2.0.0 is in force from 2999-01-01: a file that arrives today" in result.stdout


def test_an_unknown_fingerprint_is_refused(formats: Path) -> None:
    """A fingerprint that no two versions differ by is refused, with the command that shows them."""
    for wrong in ("0123456789abcdef", "nonsense", "é" * 16):
        status, said = refused(formats, "approve", wrong, *WHY)
        assert status == 2
        assert "gateway formats diff" in said


def test_a_change_is_approved_with_who_and_why(formats: Path) -> None:
    """An approved change stands in the lock with both verdicts and the words of the comparison."""
    from gateway.formats.catalogue import Catalogue
    from gateway.formats.compare.definitions import compare

    old, new = reversed(Catalogue.load(formats).readable("consumption"))
    comparison = compare(old, new)
    change = comparison.changes[0]
    fingerprint = comparison.fingerprint(change)
    said = at(formats, "approve", fingerprint, *WHY)
    assert f"{fingerprint} is approved: {change.kind} at {change.path}" in said
    kept = read_lock(formats).approvals[fingerprint]
    assert (kept.old, kept.new) == ("consumption 1.0.0", "consumption 1.1.0")
    assert kept.old_under_new == change.old_under_new.verdict.value
    assert (kept.signed.by, kept.signed.reason) == ("anna", WHY[1])
    assert refused(formats, "approve", fingerprint, *WHY)[0] == 2


def test_every_key_of_the_lock_is_described() -> None:
    """The published schema of the lock says of every key what it means."""
    entry = lock_schema()["$defs"]["entry"]["properties"]
    assert all(part["description"] for part in entry.values())
