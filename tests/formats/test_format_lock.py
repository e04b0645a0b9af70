"""The lock of a catalogue: what is released keeps its bytes, and whoever changes them or the lock is told."""

# ruff: noqa: E501 - what each test shows is one sentence

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ActionRefused, FormatChanged, FormatError, FormatNotLocked, LockInvalid
from gateway.formats.catalogue import Catalogue, Standing
from gateway.formats.definition import Status, Version
from gateway.formats.digests import Digests, FileDigest, digests_of
from gateway.formats.editing import as_next, as_released
from gateway.formats.lock import Approval, Lock, Signature, mapping_item, version_item
from gateway.formats.lock_file import FILE_NAME, head, read_lock, rendered, safe_text
from tests.formats.format_kit import DELIMITED, write

SIGNED = Signature(
    datetime(2026, 11, 22, 6, 30, tzinfo=UTC), "Anna Weiß", "agreed with the ERP team", "host1"
)
V110 = Version.parse("1.1.0")
ITEM = "confirmation 1.1.0"
APPROVAL = Approval(
    "0123456789abcdef", "confirmation 1.0.0", ITEM, "field-removed", "records.item.fields.text", "ok", "breaking",
    "Old files have no such field.", SIGNED,
)  # fmt: skip


def released(site: Path) -> Path:
    """Write a released version and its lock, and return its directory."""
    directory = write(site, {**DELIMITED, "status": "released"}, notes_txt="as agreed")
    save(site, Lock().with_release(ITEM, digests_of(directory), SIGNED))
    return directory


def save(site: Path, lock: Lock) -> None:
    (site / FILE_NAME).write_bytes(rendered(lock))


def standing(site: Path) -> Standing:
    return Catalogue.load(site).standing("confirmation", V110)


def test_a_locked_version_is_used_as_long_as_its_bytes_are_the_same(tmp_path: Path) -> None:
    """The gateway shall use a released version that is in the lock with the very bytes it has."""
    released(tmp_path)
    assert Catalogue.load(tmp_path).get("confirmation", V110).status is Status.RELEASED
    assert standing(tmp_path) is Standing.LOCKED


def test_a_released_version_that_is_not_locked_is_refused(tmp_path: Path) -> None:
    """The gateway shall refuse a version that calls itself released and is not in the lock, and say what to do."""
    write(tmp_path, {**DELIMITED, "status": "released"})
    catalogue = Catalogue.load(tmp_path)
    with pytest.raises(FormatNotLocked, match="gateway formats lock"):
        catalogue.get("confirmation", V110)
    assert catalogue.look("confirmation", V110).name == ITEM  # looking is allowed
    assert catalogue.usable("confirmation") == []
    assert [one.name for one in catalogue.readable("confirmation")] == [ITEM]
    assert standing(tmp_path) is Standing.NOT_LOCKED


def test_a_draft_needs_no_lock(tmp_path: Path) -> None:
    """The gateway shall work with a draft that was never locked."""
    write(tmp_path, DELIMITED)
    assert Catalogue.load(tmp_path).get("confirmation", V110).status is Status.DRAFT
    assert standing(tmp_path) is Standing.DRAFT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: (path / "notes.txt").write_text("as agreeD"), "notes.txt: the file was changed"),
        (lambda path: (path / "notes.txt").unlink(), "notes.txt: the file is missing"),
        (lambda path: (path / "more.txt").touch(), "more.txt: the file was added after the release"),
        (lambda path: (path / "format.yaml").write_text("no: format"), "format.yaml: the file was changed"),
        (
            lambda path: (path / "format.yaml").write_bytes(
                (path / "format.yaml").read_bytes().replace(b"status: released", b"status: draft")
            ),
            "format.yaml: the file was changed",
        ),
    ],
    ids=["changed", "missing", "added", "no definition any more", "called a draft again"],
)
def test_a_locked_version_whose_bytes_differ_is_refused(tmp_path: Path, change: object, message: str) -> None:
    """The gateway shall refuse a locked version that was changed, and name the file with both digests in full."""
    directory = released(tmp_path)
    was = {one.name: one.sha256 for one in digests_of(directory).files}
    change(directory)  # type: ignore[operator] # a lambda of the table
    with pytest.raises(FormatChanged, match=r"locked on 2026-11-22 by Anna") as refused:
        Catalogue.load(tmp_path).get("confirmation", V110)
    (problem,) = refused.value.problems
    assert message in str(problem)
    name = problem.file.rpartition("/")[2]
    assert problem.file == str(directory / name)
    if name in was:
        assert was[name] in str(problem.allowed)
    if (directory / name).exists():
        assert {one.name: one.sha256 for one in digests_of(directory).files}[name] in str(problem.found)
    assert standing(tmp_path) is Standing.CHANGED


def test_a_running_catalogue_sees_changes_and_repairs(tmp_path: Path) -> None:
    """The gateway shall see with each look again that locked bytes or the lock itself changed, and were put back."""
    directory = released(tmp_path)
    catalogue = Catalogue.load(tmp_path)
    first = catalogue.get("confirmation", V110)
    catalogue.look_again()
    assert catalogue.get("confirmation", V110) is first
    (directory / "notes.txt").write_text("something else")
    catalogue.look_again()
    assert catalogue.standing("confirmation", V110) is Standing.CHANGED
    (directory / "notes.txt").write_text("as agreed")
    catalogue.look_again()
    assert catalogue.get("confirmation", V110).digest == first.digest
    lock = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).unlink()
    catalogue.look_again()
    with pytest.raises(LockInvalid, match="written anew"):
        catalogue.get("confirmation", V110)
    (tmp_path / FILE_NAME).write_bytes(lock)
    catalogue.look_again()
    assert catalogue.standing("confirmation", V110) is Standing.LOCKED


def test_what_was_looked_at_while_it_was_changed_is_not_used(tmp_path: Path) -> None:
    """The gateway shall never work with a definition that was read from other bytes than the locked ones."""
    directory = released(tmp_path)
    text = (directory / "format.yaml").read_text()
    (directory / "format.yaml").write_text(text.replace("title: Confirmation", "title: Forged"))
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.look("confirmation", V110).title == "Forged"
    (directory / "format.yaml").write_text(text)
    assert catalogue.get("confirmation", V110).title == "Confirmation"


def test_a_retired_version_says_so(tmp_path: Path) -> None:
    """The gateway shall call a version retired once the lock retires it, its own bytes being the same."""
    released(tmp_path)
    save(tmp_path, read_lock(tmp_path).with_retirement(ITEM, SIGNED))
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.get("confirmation", V110).status is Status.RETIRED
    assert catalogue.look("confirmation", V110).status is Status.RETIRED
    assert catalogue.standing("confirmation", V110) is Standing.LOCKED
    with pytest.raises(FormatNotLocked):
        Lock().with_retirement(ITEM, SIGNED)


def test_locking_again_changes_nothing_and_other_bytes_are_refused() -> None:
    """The gateway shall never rewrite an entry: the same bytes are no news, and others are an error."""
    one = Digests("1" * 64, (FileDigest("format.yaml", 1, "2" * 64),))
    lock = Lock().with_release(ITEM, one, SIGNED)
    assert lock.with_release(ITEM, one, dataclasses.replace(SIGNED, by="someone else")) is lock
    with pytest.raises(FormatChanged):
        lock.with_release(ITEM, Digests("3" * 64, (FileDigest("format.yaml", 1, "4" * 64),)), SIGNED)
    assert lock.with_retirement(ITEM, SIGNED).with_retirement(ITEM, SIGNED).entries[1:] == (
        lock.with_retirement(ITEM, SIGNED).entries[1],
    )


def test_a_change_is_approved_once(tmp_path: Path) -> None:
    """The gateway shall keep an approval with who and why, and say so when the same change is approved again."""
    save(tmp_path, Lock().with_approval(APPROVAL))
    lock = read_lock(tmp_path)
    assert lock.approvals == {APPROVAL.fingerprint: APPROVAL}
    with pytest.raises(ActionRefused, match="approved by Anna Weiß on 2026-11-22: agreed with"):
        lock.with_approval(APPROVAL)


def three(site: Path) -> list[dict[str, object]]:
    """Write a lock with three entries and return its entries as data."""
    one = Digests("1" * 64, (FileDigest("format.yaml", 1, "2" * 64),))
    lock = (
        Lock()
        .with_release(ITEM, one, SIGNED)
        .with_release(mapping_item("confirmation", "a.yaml"), one, SIGNED)
    )
    save(site, lock.with_retirement(ITEM, SIGNED))
    entries: list[dict[str, object]] = json.loads((site / FILE_NAME).read_bytes())["entries"]
    return entries


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entries: entries[1].update(reason="another"), "entry 2 (lock confirmation mappings/a.yaml)"),
        (lambda entries: entries.pop(0), "entry 1 (lock confirmation mappings/a.yaml)"),
        (lambda entries: entries.reverse(), "entry 1 (retire confirmation 1.1.0)"),
        (lambda entries: entries[2].update(hash="0" * 64), "entry 3 (retire confirmation 1.1.0)"),
    ],
    ids=["edited", "taken away", "another order", "another hash"],
)
def test_a_lock_that_was_changed_by_hand_is_refused(tmp_path: Path, change: object, said: str) -> None:
    """The gateway shall name the entry, with its line, at which a lock is no longer what it wrote."""
    entries = three(tmp_path)
    change(entries)  # type: ignore[operator] # a lambda of the table
    (tmp_path / FILE_NAME).write_text(json.dumps({"schema": 1, "entries": entries}, indent=2))
    with pytest.raises(LockInvalid, match="changed by hand") as refused:
        read_lock(tmp_path)
    (problem,) = refused.value.problems
    assert said in problem.message
    assert problem.line


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"schema": 2, "entries": []}',
        '{"schema": 1, "entries": [{"action": "unlock"}]}',
        "\xff",
    ],
)
def test_a_lock_that_cannot_be_read_stops_every_version(tmp_path: Path, content: str) -> None:
    """The gateway shall use no version, drafts included, while it cannot read what was released."""
    write(tmp_path, DELIMITED)
    (tmp_path / FILE_NAME).write_bytes(content.encode("latin-1"))
    catalogue = Catalogue.load(tmp_path)
    with pytest.raises(LockInvalid, match="the gateway never repairs it"):
        catalogue.get("confirmation", V110)
    assert catalogue.look("confirmation", V110).name == ITEM
    assert catalogue.standing("confirmation", V110) is Standing.UNKNOWN


def test_a_day_that_does_not_exist_is_no_time(tmp_path: Path) -> None:
    """The gateway shall refuse a lock with an impossible time, even where its hashes are right."""
    wrong = dataclasses.replace(SIGNED, at=SIGNED.at)
    text = rendered(Lock().with_approval(dataclasses.replace(APPROVAL, signed=wrong)))
    (tmp_path / FILE_NAME).write_bytes(text.replace(b"2026-11-22T", b"2026-13-22T"))
    with pytest.raises(LockInvalid):
        read_lock(tmp_path)


TEXTS = st.text(min_size=1).map(safe_text).filter(bool)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=5, unique_by=lambda one: one[0]))
def test_whatever_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str, str]]
) -> None:
    """The gateway shall read back every entry as it was written, whatever names and reasons people give."""
    site = tmp_path_factory.mktemp("lock")
    lock = Lock(where=str(site / FILE_NAME))
    for item, name, reason in said:
        signed = dataclasses.replace(SIGNED, by=name, reason=reason)
        lock = lock.with_release(item, Digests("1" * 64, (FileDigest(name, 10**17, "2" * 64),)), signed)
    save(site, lock)
    assert read_lock(site) == lock
    assert head(read_lock(site)) == head(lock)


def test_names_in_the_lock_are_those_that_people_write() -> None:
    """The gateway shall call versions and mappings in the lock as people call them."""
    assert version_item("confirmation", V110) == ITEM
    assert mapping_item("confirmation", "1.1.0-to-2.0.0.yaml") == "confirmation mappings/1.1.0-to-2.0.0.yaml"


HEAD = (
    b'# our format\r\nschema: 1\r\nversion: "1.1.0"  # as agreed\r\nstatus: draft # yet\r\n'
    b'effective:\r\n  from: "2024-03-01"\r\n# the title\r\ntitle: status draft 1.1.0\r\n'
)


def test_a_release_changes_one_word() -> None:
    """The gateway shall change nothing of a draft but the word draft, line ends and comments included."""
    assert as_released(HEAD, "f") == HEAD.replace(b"draft # yet", b"released # yet")


def test_a_next_version_changes_version_status_and_dates() -> None:
    """The gateway shall copy a version with its comments, without its effective dates."""
    made = as_next(HEAD.replace(b"status: draft", b"status: 'released'"), "f", Version(1, 2, 0))
    expected = HEAD.replace(b'"1.1.0"  #', b'"1.2.0"  #').replace(
        b'effective:\r\n  from: "2024-03-01"\r\n', b""
    )
    assert made == expected.replace(b"status: draft", b"status: 'draft'")


@pytest.mark.parametrize(
    "text",
    [b"{version: 1.1.0, status: draft, effective: {from: x}}", b"version: 1.1.0\nstatus:\n  draft\n", b"version: 1.1.0\nstatus: &a draft\nother: *a\n"],
)  # fmt: skip
def test_what_cannot_be_changed_line_by_line_is_left_alone(text: bytes) -> None:
    """The gateway shall refuse to edit a definition whose lines hold more than it can change safely."""
    with pytest.raises(FormatError, match="change it by hand"):
        as_next(text.replace(b"draft", b"released"), "f", Version(1, 2, 0))
