"""Resend, conflict and copy: who is a duplicate of whom, and what a route does about it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Identity, Severity
from gateway.rules import duplicates
from gateway.rules.duplicates import Action, DuplicatePolicy, Known, Verdict

EMPTY = hashlib.sha256(b"").hexdigest()


def known(transfer: str, name: str = "a.csv", sha256: str = "1", key: str | None = "MES/1") -> Known:
    return Known(transfer, name, sha256, key)


def identity(name: str = "a.csv", sha256: str = "1", key: str | None = "MES/1") -> Identity:
    return Identity(sha256, name, interchange_key=key)


@pytest.mark.parametrize(
    ("candidate", "verdict"),
    [
        (identity(), Verdict.RESEND),
        (identity(name="b.csv"), Verdict.RESEND),
        (identity(sha256="2"), Verdict.CONFLICT),
        (identity(key="MES/2"), Verdict.COPY),
        (identity(name="b.csv", key="MES/2"), Verdict.COPY),
        (identity(key=None), Verdict.RESEND),
        (identity(name="b.csv", key=None), Verdict.COPY),
        (identity(sha256="2", key="MES/2"), Verdict.FRESH),
        (identity(sha256="2", key=None), Verdict.FRESH),
    ],
)
def test_verdicts(candidate: Identity, verdict: Verdict) -> None:
    """Key and bytes shall decide as the design says, the name only where there is no key."""
    assert duplicates.judge(candidate, [known("T1")]).verdict is verdict


def test_files_without_keys_are_told_by_bytes_and_name() -> None:
    """Without an interchange key the same name with other bytes shall be a new file."""
    earlier = [known("T1", key=None)]
    assert duplicates.judge(identity(sha256="2", key=None), earlier).verdict is Verdict.FRESH
    assert duplicates.judge(identity(key=None), earlier).verdict is Verdict.RESEND


def test_the_strongest_verdict_names_the_oldest_transfer() -> None:
    """A resend shall win over a conflict, a conflict over a copy; the first such transfer is named."""
    earlier = [known("T1", sha256="9"), known("T2", key="MES/7"), known("T3"), known("T4")]
    assert duplicates.judge(identity(), earlier).of == earlier[2]
    conflict = duplicates.judge(identity(), earlier[:2])
    assert (conflict.verdict, conflict.of) == (Verdict.CONFLICT, earlier[0])


def test_empty_files_are_no_copies_of_each_other() -> None:
    """Two files without bytes shall not be called copies, nor resends without a key."""
    earlier = [known("T1", sha256=EMPTY, key=None)]
    assert duplicates.judge(identity(sha256=EMPTY, key=None), earlier).verdict is Verdict.FRESH
    assert duplicates.judge(identity("b", EMPTY, None), earlier).verdict is Verdict.FRESH


def test_a_reprocess_is_no_duplicate_of_itself_or_of_what_it_corrects() -> None:
    """An authorised attempt shall not be compared with itself and its parents."""
    earlier = [known("T1"), known("T2", sha256="2")]
    assert duplicates.judge(identity(), earlier, {"T1", "T2"}).verdict is Verdict.FRESH
    assert duplicates.judge(identity(), earlier, {"T1"}).verdict is Verdict.CONFLICT


def test_the_route_says_what_follows() -> None:
    """Every verdict shall have the action of the route; a fresh file has none."""
    policy = DuplicatePolicy(Action.NOTE, Action.SET_ASIDE, Action.SET_ASIDE, Action.NOTE)
    actions = [duplicates.action(policy, verdict) for verdict in Verdict]
    assert actions == [None, Action.NOTE, Action.SET_ASIDE, Action.SET_ASIDE, Action.NOTE]


def test_a_conflict_can_never_be_accepted() -> None:
    """A policy that would accept conflicts shall not come into being."""
    with pytest.raises(ValueError, match="never accepted"):
        DuplicatePolicy(conflict=Action.NOTE)


def test_the_finding_names_what_is_repeated() -> None:
    """The finding shall name code, file and transfer of the first one, in printable form."""
    judgement = duplicates.judge(identity(sha256="2"), [known("T1", name="a\udcff\n.csv")])
    found = duplicates.explain(judgement, Severity.WARNING)
    assert (found.code, found.severity, found.value) == ("F702", Severity.WARNING, "MES/1")
    assert found.message.endswith(r"accepted before: a\xff\n.csv, transfer T1")
    with pytest.raises(ValueError, match="fresh"):
        duplicates.explain(duplicates.judge(identity(), []))


KEYS, SHAS, NAMES = (
    st.sampled_from([None, "k1", "k2"]),
    st.sampled_from(["1", "2", EMPTY]),
    st.sampled_from("ab"),
)


@given(
    earlier=st.lists(st.builds(Known, st.uuids().map(str), NAMES, SHAS, KEYS)), name=NAMES, sha=SHAS, key=KEYS
)
def test_law_same_key_is_never_fresh_and_unrelated_is_never_a_duplicate(
    earlier: list[Known], name: str, sha: str, key: str | None
) -> None:
    """A key seen before shall never pass as fresh; what shares neither key nor bytes always does."""
    verdict = duplicates.judge(identity(name, sha, key), earlier).verdict
    same_key = [each for each in earlier if key and each.interchange_key == key]
    same_bytes = [each for each in earlier if each.sha256 == sha]
    if same_key:
        assert verdict in (Verdict.RESEND, Verdict.CONFLICT)
    if not same_key and not same_bytes:
        assert verdict is Verdict.FRESH
