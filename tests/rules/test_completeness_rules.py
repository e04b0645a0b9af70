"""When a file counts as complete, what it waits for, and what goes with it."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Arrival, Sighting
from gateway.rules.completeness import (
    Case,
    Complete,
    CompletenessPolicy,
    ControlFilePolicy,
    Damaged,
    EvidenceKind,
    Fact,
    Facts,
    Need,
    Outcome,
    Refused,
    Role,
    SideFile,
    Surroundings,
    Waiting,
    assess,
    control_names,
    look_again,
    needs,
    parse_control_file,
    share_companions,
)

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
SHA = hashlib.sha256(b"data").hexdigest()
NO_FACTS = Facts()


def sighting(name: str, size: int = 4, mtime_ns: int = 1, inode: int = 1, kind: str = "file") -> Sighting:
    return Sighting(name, kind, size, mtime_ns, inode)


def seen(name: str, looks: int = 1, seconds: float = 0, age: float | None = None, size: int = 4) -> Arrival:
    """Return an arrival unchanged for ``seconds`` at monotonic 1000."""
    last = NOW + timedelta(seconds=seconds if age is None else age)
    return Arrival("r", name, NOW, last, size, 1, 1, looks, 1000 - seconds, "boot", "F903", "")


def case(
    policy: CompletenessPolicy,
    name: str,
    others: tuple[str, ...] = (),
    facts: Facts = NO_FACTS,
    arrival: Arrival | None = None,
    pattern: str = "*",
    controls: dict[str, str] | None = None,
    **around: object,
) -> Case:
    """Return a case of ``name`` (4 bytes) among ``others``; control files are given as text."""
    entries = [sighting(name), *map(sighting, others), *map(sighting, controls or {})]
    parsed = {each: parse_control_file(text, policy.control_file) for each, text in (controls or {}).items()}
    surroundings = Surroundings.of(policy, pattern, entries, parsed, **around)  # type: ignore[arg-type]
    return Case(policy, sighting(name), arrival or seen(name), surroundings, facts, 1000.0)


def require(*kinds: EvidenceKind, **settings: object) -> CompletenessPolicy:
    return CompletenessPolicy(require=kinds, **settings)  # type: ignore[arg-type]


def reason(outcome: Outcome) -> str:
    assert isinstance(outcome, Waiting)
    return outcome.reason


# Looking


def test_looks_are_counted_while_nothing_changes() -> None:
    """Every look that finds size, mtime and inode unchanged shall count, from the first one on."""
    first = look_again(None, sighting("a"), 100.0, "boot", NOW, "r")
    assert (first.looks, first.unchanged_since, first.reason) == (1, 100.0, "seen for the first time")
    again = look_again(first, sighting("a"), 105.0, "boot", NOW + timedelta(seconds=5), "r")
    assert (again.looks, again.unchanged_since, again.first_seen_at) == (2, 100.0, NOW)


@pytest.mark.parametrize(
    ("changed", "monotonic", "boot"),
    [
        (sighting("a", size=5), 105.0, "boot"),
        (sighting("a", mtime_ns=2), 105.0, "boot"),
        (sighting("a", inode=2), 105.0, "boot"),
        (sighting("a"), 105.0, "another"),
        (sighting("a"), 99.0, "boot"),
    ],
)
def test_any_change_and_any_restart_count_anew(changed: Sighting, monotonic: float, boot: str) -> None:
    """A changed file, another boot, or a clock before the first look shall start the count over."""
    first = look_again(None, sighting("a"), 100.0, "boot", NOW, "r")
    again = look_again(dataclasses.replace(first, looks=9), changed, monotonic, boot, NOW, "r")
    assert (again.looks, again.unchanged_since) == (1, monotonic)


# One evidence at a time


def test_stability_needs_looks_and_quiet_time() -> None:
    """A file shall be stable only after enough looks and enough time, and say what it lacks."""
    policy = require(EvidenceKind.STABILITY, looks=3, quiet_seconds=10)
    assert isinstance(assess(case(policy, "a", arrival=seen("a", 3, 10))), Complete)
    few = assess(case(policy, "a", arrival=seen("a", 2, 60)))
    assert reason(few) == (
        "waits for 1 min: unchanged over 2 looks and 60 s, where 3 looks and 10 s are asked for"
    )
    assert isinstance(assess(case(policy, "a", arrival=seen("a", 9, 9.9))), Waiting)


def test_done_marker() -> None:
    """A file shall wait for its done marker by name, and take it along."""
    policy = require(EvidenceKind.DONE_MARKER)
    assert reason(assess(case(policy, "a.csv"))) == "waits for 0 s: its done marker a.csv.done has not come"
    done = assess(case(policy, "a.csv", ("a.csv.done",)))
    assert isinstance(done, Complete)
    assert [(each.name, each.role, each.inode) for each in done.companions] == [
        ("a.csv.done", "done-marker", 1)
    ]
    assert done.evidence[0].detail == "done marker a.csv.done"


def test_done_marker_that_replaces_the_extension() -> None:
    """Where the sender writes a.done for a.csv, both files of that stem shall be admitted by it."""
    policy = require(EvidenceKind.DONE_MARKER, done_replaces_extension=True)
    entries = [sighting(name) for name in ("a.csv", "a.xml", "a.done")]
    around = Surroundings.of(policy, "*", entries)
    outcomes = {
        each.name: assess(Case(policy, each, seen(each.name), around, NO_FACTS, 1000)) for each in entries
    }
    assert outcomes["a.done"] == SideFile(Role.DONE_MARKER, ("a.csv", "a.xml"))
    shared = share_companions(outcomes, around)
    companions = [
        [one.name for one in each.companions] for each in shared.values() if isinstance(each, Complete)
    ]
    assert companions == [[], ["a.done"]]


def test_checksum_is_read_step_by_step() -> None:
    """The edge shall be asked for the checksum file first, and for the digest only then."""
    policy = require(EvidenceKind.CHECKSUM)
    assert "a.sha256 has not come" in reason(assess(case(policy, "a")))
    assert needs(case(policy, "a")) == ()
    assert needs(case(policy, "a", ("a.sha256",))) == (Need(Fact.CHECKSUM_TEXT, "a.sha256"),)
    read = Facts(checksum_text=f"{SHA}  a\n")
    assert needs(case(policy, "a", ("a.sha256",), read)) == (Need(Fact.DIGEST, "a", "sha256"),)
    known = Facts(checksum_text=f"{SHA}  a\n", digests={"sha256": SHA})
    full = case(policy, "a", ("a.sha256",), known)
    assert needs(full) == ()
    outcome = assess(full)
    assert isinstance(outcome, Complete)
    assert outcome.evidence[0].facts == {"sha256": SHA}
    assert [each.role for each in outcome.companions] == ["checksum"]


def test_nothing_is_hashed_in_vain() -> None:
    """While a file still changes, or a done marker lacks, its bytes shall not be read."""
    policy = require(EvidenceKind.CHECKSUM, EvidenceKind.DONE_MARKER)
    read = Facts(checksum_text=SHA)
    assert needs(case(policy, "a", ("a.sha256",), read)) == ()
    changing = case(policy, "a", ("a.sha256", "a.done"), read, seen("a", 1, 0, age=60))
    assert needs(changing) == ()
    assert reason(assess(changing)) == "waits for 1 min: it still changes"
    assert needs(case(policy, "a", ("a.sha256", "a.done"), read)) == (Need(Fact.DIGEST, "a", "sha256"),)


def test_a_wrong_checksum_waits_while_anything_changes_and_then_fails() -> None:
    """A mismatch shall wait, as a transfer may be under way, and be taken and failed once all is quiet."""
    policy = require(EvidenceKind.CHECKSUM, mismatch_seconds=300)
    wrong = Facts(checksum_text="0" * 64, digests={"sha256": SHA})

    def outcome(file_seconds: float, side_seconds: float | None) -> Outcome:
        arrivals = {} if side_seconds is None else {"a.sha256": seen("a.sha256", 9, side_seconds)}
        return assess(case(policy, "a", ("a.sha256",), wrong, seen("a", 9, file_seconds), arrivals=arrivals))

    assert "a.sha256 states the sha256 000" in reason(outcome(900, 299))
    assert isinstance(outcome(299, 900), Waiting)
    assert isinstance(outcome(900, None), Waiting)
    failed = outcome(300, 300)
    assert isinstance(failed, Damaged)
    assert failed.finding.code == "F213"
    assert [each.name for each in failed.companions] == ["a.sha256"]


def test_trailer() -> None:
    """A file whose trailer has not been written shall wait; the end is read once asked for."""
    policy = require(EvidenceKind.TRAILER_COUNT)
    assert needs(case(policy, "a")) == (Need(Fact.ENDING, "a"),)
    assert "trailer has not been written" in reason(assess(case(policy, "a", facts=Facts(ending=False))))
    assert isinstance(assess(case(policy, "a", facts=Facts(ending=True))), Complete)


def test_rename_and_none_admit_by_name_alone() -> None:
    """A final name shall be evidence enough where the sender renames, or where nothing is asked for."""
    for kind in (EvidenceKind.RENAME, EvidenceKind.NONE):
        outcome = assess(case(require(kind), "a.csv"))
        assert isinstance(outcome, Complete)
        assert outcome.evidence[0].kind == kind.value


@pytest.mark.parametrize("name", ["a.tmp", "a.part", "a.csv.filepart", ".hidden", "~a"])
@pytest.mark.parametrize("kind", list(EvidenceKind))
def test_temporary_names_are_never_taken(name: str, kind: EvidenceKind) -> None:
    """A file under a temporary name shall wait whatever evidence there is."""
    assert "its name is a temporary one" in reason(assess(case(require(kind), name, (f"{name}.done",))))


# Control files

CONTROL = CompletenessPolicy(
    require=(EvidenceKind.CONTROL_FILE,),
    control_file=ControlFilePolicy(size_column="bytes", records_column="rows"),
)
LISTING = f"file;sha256;bytes;rows\na.csv;{SHA};4;1\nb.csv;{SHA};4;2\n"


def test_control_file_admits_what_it_lists() -> None:
    """A listed file shall be complete when size and checksum agree; its stated rows are kept."""
    assert "no control file (*.ctl) lists it" in reason(assess(case(CONTROL, "a.csv")))
    unread = case(CONTROL, "a.csv", controls={"x.ctl": LISTING})
    assert needs(unread) == (Need(Fact.DIGEST, "a.csv", "sha256"),)
    agreed = assess(case(CONTROL, "a.csv", facts=Facts(digests={"sha256": SHA}), controls={"x.ctl": LISTING}))
    assert isinstance(agreed, Complete)
    assert agreed.evidence[0].facts == {"sha256": SHA, "size": "4", "records": "1"}


def test_a_stale_control_file_does_no_harm() -> None:
    """One control file that agrees shall be enough, whatever an older one says."""
    old = f"file;sha256;bytes;rows\na.csv;{SHA};3;1\n"
    facts = Facts(digests={"sha256": SHA})
    both = {"old.ctl": old, "x.ctl": LISTING}
    assert isinstance(assess(case(CONTROL, "a.csv", facts=facts, controls=both)), Complete)
    only = assess(case(CONTROL, "a.csv", facts=facts, controls={"old.ctl": old}))
    assert "old.ctl states 3 bytes, the file has 4" in reason(only)


def test_control_file_mismatch_fails_in_the_end() -> None:
    """A control file that stays wrong shall fail the file with F212."""
    listing = f"file;sha256;bytes;rows\na.csv;{'0' * 64};4;1\n"
    outcome = assess(
        case(
            CONTROL,
            "a.csv",
            facts=Facts(digests={"sha256": SHA}),
            arrival=seen("a.csv", 9, 900),
            controls={"x.ctl": listing},
            arrivals={"x.ctl": seen("x.ctl", 9, 900)},
        )
    )
    assert isinstance(outcome, Damaged)
    assert outcome.finding.code == "F212"


def test_control_file_leaves_with_the_last_file_it_lists() -> None:
    """A control file shall stay until everything it lists was taken, and go with the last one."""
    facts = Facts(digests={"sha256": SHA})

    def shared(present: list[str], taken: tuple[str, ...]) -> list[list[str]]:
        entries = [sighting(name) for name in [*present, "x.ctl"]]
        assert control_names(CONTROL, entries) == ["x.ctl"]
        parsed = {"x.ctl": parse_control_file(LISTING, CONTROL.control_file)}
        around = Surroundings.of(CONTROL, "*.csv", entries, parsed, taken=taken)
        outcomes = {
            name: assess(Case(CONTROL, sighting(name), seen(name), around, facts, 1000)) for name in present
        }
        kept = share_companions(outcomes, around).values()
        return [[one.name for one in each.companions] for each in kept if isinstance(each, Complete)]

    assert shared(["a.csv", "b.csv"], ()) == [[], ["x.ctl"]]
    assert shared(["a.csv"], ()) == [[]]
    assert shared(["b.csv"], ("a.csv",)) == [["x.ctl"]]


@pytest.mark.parametrize(
    ("listing", "taken", "why"),
    [
        (LISTING, (), "a.csv, b.csv has not come"),
        (LISTING, ("a.csv",), "b.csv has not come"),
        (LISTING, ("a.csv", "b.csv"), "everything that it lists was taken"),
        ("", (), "it cannot be used: it is empty"),
        ("file;bytes\n", (), "it cannot be used: it has no column sha256, rows"),
    ],
)
def test_a_lonely_control_file_stays_visible(listing: str, taken: tuple[str, ...], why: str) -> None:
    """A control file whose files are not there shall wait with its reason."""
    parsed = {"x.ctl": parse_control_file(listing, CONTROL.control_file)}
    around = Surroundings.of(CONTROL, "*", [sighting("x.ctl")], parsed, taken=taken)
    outcome = assess(Case(CONTROL, sighting("x.ctl"), seen("x.ctl"), around, NO_FACTS, 1000))
    assert reason(outcome) == f"control-file waits for 0 s: {why}"


# What is never data


@pytest.mark.parametrize("kind", ["directory", "symlink", "fifo", "socket", "device"])
def test_only_regular_files_are_taken(kind: str) -> None:
    """A directory, link, FIFO, socket or device shall be refused with F901."""
    odd = Case(
        require(EvidenceKind.NONE), sighting("a", kind=kind), seen("a"), Surroundings("*", {}), NO_FACTS, 1
    )
    outcome = assess(odd)
    assert isinstance(outcome, Refused)
    assert outcome.finding.code == "F901"
    assert needs(odd) == ()


def test_unreadable_files_are_refused() -> None:
    """A file that the gateway may not read shall be refused with F902."""
    locked = dataclasses.replace(sighting("a"), readable=False)
    policy = require(EvidenceKind.NONE)
    outcome = assess(Case(policy, locked, seen("a"), Surroundings.of(policy, "*", [locked]), NO_FACTS, 1))
    assert isinstance(outcome, Refused)
    assert outcome.finding.code == "F902"


def test_unknown_names_stay_visible() -> None:
    """A name that the source does not take shall wait with F210 and its pattern."""
    outcome = assess(case(require(EvidenceKind.NONE), "readme.txt", pattern="*.csv"))
    assert outcome == Waiting("F210", "its name does not match *.csv, seen for 0 s")


def test_side_files_belong_to_their_file() -> None:
    """A marker shall be no file of its own while its file is there, and wait visibly without it."""
    policy = require(EvidenceKind.DONE_MARKER)
    assert assess(case(policy, "a.done", ("a",))) == SideFile(Role.DONE_MARKER, ("a",))
    assert reason(assess(case(policy, "a.done"))) == "done-marker waits for 0 s: a has not come"
    assert isinstance(assess(case(require(EvidenceKind.NONE), "a.done")), Complete)


def test_long_waits_are_overdue() -> None:
    """A file that waits longer than the route finds normal shall be marked, with its age in words."""
    policy = require(EvidenceKind.DONE_MARKER, alert_after_seconds=3600)
    late = assess(case(policy, "a", arrival=seen("a", 9, 7300)))
    assert late == Waiting("F903", "waits for 2 h: its done marker a.done has not come", overdue=True)
    days = assess(case(policy, "a", arrival=seen("a", 9, 3 * 86400)))
    assert reason(days).startswith("waits for 3 d")


def test_reasons_can_always_be_written() -> None:
    """A name with odd bytes shall appear in reasons in a form that any terminal and JSON takes."""
    text = reason(assess(case(require(EvidenceKind.DONE_MARKER), "a\n\udcff")))
    assert text == "waits for 0 s: its done marker a\\n\\xff.done has not come"


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 3), min_size=1, max_size=15),
    steps=st.lists(st.floats(0, 8), min_size=15, max_size=15),
)
def test_law_stability_never_takes_a_file_that_just_changed(sizes: list[int], steps: list[float]) -> None:
    """Whatever the pace of looks and writes, a taken file was seen unchanged often and long enough."""
    policy = require(EvidenceKind.STABILITY, looks=3, quiet_seconds=10)
    arrival, monotonic, changed_at, looks = None, 0.0, 0.0, 0
    for index, (size, step) in enumerate(zip(sizes, steps, strict=False)):
        monotonic += step
        changed = index == 0 or size != sizes[index - 1]
        changed_at, looks = (monotonic, 1) if changed else (changed_at, looks + 1)
        entry = sighting("a", size)
        arrival = look_again(arrival, entry, monotonic, "boot", NOW, "r")
        around = Surroundings.of(policy, "*", [entry])
        outcome = assess(Case(policy, entry, arrival, around, NO_FACTS, monotonic))
        assert isinstance(outcome, Complete) == (looks >= 3 and monotonic - changed_at >= 10)
