"""Claims held against files: confirmed by them, or doubted."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.formats.compare.change import (
    Change,
    Comparison,
    Demand,
    DemandedRow,
    Direction,
    Judgement,
    Verdict,
)
from gateway.formats.compare.definitions import compare
from gateway.formats.definition import Format
from gateway.witness import confirmed, prove, prove_all
from tests.compare.cases import CASES, Case, _build

OK = Judgement(Verdict.OK, "Nothing happens.")


def _pair(old: str, new: str, physical: str = "delimited") -> tuple[Format, Format]:
    return _build(physical, old, "1.0.0"), _build(physical, new, "1.1.0")


def _claim(verdict: Verdict, demand: Demand) -> Change:
    return Change(
        "length-tightened", "records.item.fields.material", "18", "5", Judgement(verdict, "Why.", demand), OK
    )


def _material(text: str) -> Demand:
    return Demand(rows=(DemandedRow("item", {"material": text}),))


SHORTER = "records: {item: {fields: {material: {max_length: 5}}}}"


def test_a_refused_file_proves_breaking() -> None:
    """The gateway shall show the file that the new version refuses, and why it does."""
    old, new = _pair("", SHORTER)
    proof = prove(old, new, _claim(Verdict.BREAKING, _material("ABCDEFG")), Direction.OLD_UNDER_NEW)
    assert proof is not None
    assert proof.confirmed
    assert b"ABCDEFG" in proof.file.data
    assert proof.writer.accepted
    assert [one.code for one in proof.reader.findings] == ["F307"]


def test_a_wrong_claim_is_not_confirmed() -> None:
    """The gateway shall not confirm a claim that the file contradicts, nor one without a file."""
    old, new = _pair("", SHORTER)
    for verdict in (Verdict.BREAKING, Verdict.SILENT):
        proof = prove(old, new, _claim(verdict, _material("ABC")), Direction.OLD_UNDER_NEW)
        assert proof is not None
        assert not proof.confirmed
    impossible = _claim(Verdict.BREAKING, _material("X" * 19))
    assert prove(old, new, impossible, Direction.OLD_UNDER_NEW) is None
    assert prove(old, new, impossible, Direction.NEW_UNDER_OLD) is None


def test_doubtful_claims_become_review() -> None:
    """The gateway shall call a claim that no file confirms a case for review, and leave the others."""
    old, new = _pair("", SHORTER)
    good, bad = _claim(Verdict.BREAKING, _material("ABCDEFG")), _claim(Verdict.SILENT, _material("ABC"))
    bad = dataclasses.replace(bad, path="records.item.fields.other")
    comparison = Comparison("stock", "stock 1.0.0", "stock 1.1.0", "", "", (good, bad))
    judged, proofs = confirmed(old, new, comparison)
    assert judged.changes[0] == good
    assert judged.changes[1].old_under_new.verdict is Verdict.REVIEW
    assert "no file was found" in judged.changes[1].old_under_new.why
    assert [one.change.path for one in proofs] == [good.path, bad.path]


def test_another_reading_proves_silent() -> None:
    """The gateway shall show both readings of a value whose meaning changed."""
    old, new = _pair("dialect: {date_format: DD/MM/YYYY}", "dialect: {date_format: MM/DD/YYYY}")
    demand = Demand(rows=(DemandedRow("item", {"due": "01/02/2026"}),))
    proof = prove(old, new, _claim(Verdict.SILENT, demand), Direction.OLD_UNDER_NEW)
    assert proof is not None
    assert proof.confirmed
    (difference,) = proof.differences
    assert (difference.record, difference.field) == (2, "item.due")
    assert (difference.writer, difference.reader) == ("2026-02-01", "2026-01-02")


def test_a_name_that_is_refused_proves_breaking() -> None:
    """The gateway shall count the refusal of a file's name where the claim is about names."""
    old, new = _pair("file_name: 'A[0-9]+\\.csv'", "file_name: 'B[0-9]+\\.csv'")
    proof = prove(old, new, _claim(Verdict.BREAKING, Demand(file_name="A1.csv")), Direction.OLD_UNDER_NEW)
    assert proof is not None
    assert proof.confirmed
    assert not proof.named


#: The table's case of another kind is a delimited definition that says json: no file of it exists.
_WRITABLE = [case for case in CASES if case.kind != "kind"]


def test_another_kind_is_proved() -> None:
    """The gateway shall have files of two kinds of which neither is read as the other."""
    old, new = _build("delimited", "", "1.0.0"), _build("json", "", "1.1.0")
    proofs = [one.proof for one in prove_all(old, new, compare(old, new))]
    assert [bool(proof and proof.confirmed) for proof in proofs] == [True, True]


@pytest.mark.parametrize("case", _WRITABLE, ids=lambda case: case.name)
def test_every_claim_of_the_table_is_proved(case: Case) -> None:
    """The gateway shall have a proving file for each harm in the table of kinds of change."""
    old, new = case.definitions()
    for proved in prove_all(old, new, compare(old, new)):
        claim = f"{proved.change.id} {proved.direction.value}"
        assert proved.proof is not None, claim
        assert proved.proof.confirmed, claim
