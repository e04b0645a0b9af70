"""Manifests: complete, canonical, described by their published schema."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.manifest import build_manifest, manifest_bytes, read_manifest, schema_text
from gateway.errors import ConfigurationError, ManifestInvalid
from gateway.finding_codes import finding
from gateway.findings import Findings
from gateway.model import Attempt, Companion, Delivery, DeliveryState, State, Transfer
from tests.custody.custody_samples import NOON, in_work, new_site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def transfer(tmp_path: Path) -> Transfer:
    """A transfer with everything that a manifest can tell."""
    findings = Findings()
    findings.add(finding("F303", "too many decimals", record=3, line=4, column="quantity", value="1,2345"))
    sample = in_work(new_site(tmp_path), 1, name=os.fsdecode(b"r\xfcck.csv"))
    return sample.transfer.evolve(
        companions=(Companion(os.fsdecode(b"r\xfcck.csv.done"), "done-marker"),),
        findings=findings.summary(),
        sender="MES01",
        control_number="00042",
        interchange_key="MES01/00042",
        records=12,
        parent="T0000",
    )


ATTEMPTS = [
    Attempt("T0001", 2, "maria", "sender corrected the unit", NOON, NOON + timedelta(seconds=2), "processed"),
    Attempt("T0001", 1, "gateway", "arrived", NOON, NOON, "failed", "F303"),
]
DELIVERIES = [
    Delivery("T0001", 2, "erp", "T0001-2", DeliveryState.DELIVERED, 1, target="r.csv", delivered_at=NOON),
    Delivery("T0001", 1, "erp", "T0001-1", DeliveryState.PENDING, 3, last_error="no space"),
]


def built(transfer: Transfer) -> dict[str, Any]:
    return build_manifest(transfer, ATTEMPTS, DELIVERIES, site="plant", time_zone="Europe/Berlin")


def test_a_manifest_tells_everything_and_satisfies_its_schema(transfer: Transfer) -> None:
    """Identity, times, result, findings, attempts and deliveries stand in the manifest."""
    manifest = read_manifest(manifest_bytes(built(transfer)))
    assert manifest["transfer"]["parent"] == "T0000"
    assert manifest["identity"]["control_number"] == "00042"
    assert manifest["file"]["records"] == 12
    assert manifest["result"]["disposition"] == "processed"
    assert manifest["findings"]["errors"] == 1
    assert [one["number"] for one in manifest["attempts"]] == [1, 2]
    assert manifest["attempts"][1]["reason"] == "sender corrected the unit"
    assert [one["state"] for one in manifest["deliveries"]] == ["pending", "delivered"]
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(manifest)


def test_times_are_given_in_utc_and_in_the_sites_zone(transfer: Transfer) -> None:
    """Every time is exact in UTC and readable in the plant's zone."""
    assert built(transfer)["times"]["arrived"] == {
        "utc": "2026-11-22T12:00:00.250000Z",
        "site": "2026-11-22T13:00:00.250000+01:00",
    }


def test_a_name_that_is_no_text_is_kept_byte_by_byte(transfer: Transfer) -> None:
    """The arrived name is shown readably and kept exactly; the archived one is named too."""
    manifest = built(transfer)
    assert manifest["file"]["name"] == "r\\xfcck.csv"
    assert base64.b64decode(manifest["file"]["name_bytes"]) == b"r\xfcck.csv"
    assert manifest["file"]["archived_as"] == "r~FCck.csv"
    assert manifest["companions"][0]["archived_as"] == "r~FCck.csv.done"


def test_the_same_transfer_gives_the_same_bytes(transfer: Transfer) -> None:
    """A manifest written again after a crash is the same, byte by byte, whatever the order given."""
    again = build_manifest(
        transfer, ATTEMPTS[::-1], DELIVERIES[::-1], site="plant", time_zone="Europe/Berlin"
    )
    assert manifest_bytes(again) == manifest_bytes(built(transfer))
    assert manifest_bytes(read_manifest(manifest_bytes(again))) == manifest_bytes(again)


def test_the_canonical_form_is_for_people_too(transfer: Transfer) -> None:
    """Members are sorted and indented, umlauts stand as they are, one newline ends the file."""
    text = manifest_bytes(built(transfer.evolve(reason="Menge größer 0"))).decode()
    assert text.endswith("}\n")
    assert '    "reason": "Menge größer 0"' in text
    assert text.index('"attempts"') < text.index('"file"') < text.index('"transfer"')
    assert "null" not in text


@given(st.text(), st.binary(max_size=40))
def test_any_text_can_stand_in_a_manifest(text: str, raw: bytes) -> None:
    """Reasons, errors and values of any content give a manifest that reads back."""
    attempt = Attempt("T1", 1, os.fsdecode(raw), text, NOON)
    plain = Transfer(
        id="T1",
        route="r",
        partner="p",
        message_type="m",
        name="n",
        state=State.CLAIMED,
        attempt=1,
        size=0,
        arrived_at=NOON,
        source=text,
        working_name="w",
        findings={"listed": [{"value": os.fsdecode(raw)}]},
    )
    read_manifest(manifest_bytes(build_manifest(plain, [attempt], [], site=text, time_zone="UTC")))


def test_an_unknown_zone_and_a_naive_time_are_refused(transfer: Transfer) -> None:
    """A manifest is never written with a time that could be misread."""
    with pytest.raises(ConfigurationError, match="no time zone 'Mars/Base'"):
        build_manifest(transfer, [], [], site="plant", time_zone="Mars/Base")
    with pytest.raises(ValueError, match="without a zone"):
        built(transfer.evolve(arrived_at=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the point
    with pytest.raises(TypeError, match="fraction"):
        built(transfer.evolve(findings={"errors": 0.1}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "object"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 100_000, "not JSON"),
        (b'{"manifest": "1.0"}', "required"),
    ],
)
def test_what_is_no_manifest_is_refused_with_the_reason(data: bytes, message: str) -> None:
    """A damaged manifest gives a clear error and never a traceback."""
    with pytest.raises(ManifestInvalid, match=message):
        read_manifest(data)


def test_a_changed_manifest_names_the_place(transfer: Transfer) -> None:
    """A member that does not satisfy the schema is named with its place."""
    manifest = built(transfer)
    manifest["file"]["sha256"] = "abc"
    manifest["extra"] = 1
    with pytest.raises(ManifestInvalid, match="file/sha256") as caught:
        read_manifest(manifest_bytes(manifest))
    assert "extra" in str(caught.value)


def test_every_member_is_described() -> None:
    """The published schema says of every member what it means, and is itself valid."""
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)

    def undescribed(node: Any, place: str) -> list[str]:
        missing = []
        for name, member in node.get("properties", {}).items():
            missing += [] if member.get("description") else [f"{place}/{name}"]
            missing += undescribed(member, f"{place}/{name}")
        if "items" in node:
            missing += undescribed(node["items"], f"{place}[]")
        return missing

    assert undescribed(schema, "") == []


_TEXTS = st.text() | st.sampled_from(["", "\u2028", "\x7f", '"\\', "ä"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner) | st.lists(inner).map(tuple),
    max_leaves=30,
)


@given(st.dictionaries(_TEXTS, _VALUES))
def test_a_manifest_is_the_json_that_everybody_writes(value: dict[str, Any]) -> None:
    """The canonical form is what the standard library writes, with what a terminal would obey escaped."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=2, allow_nan=False)
    plain = "".join(one if one == "\n" or one.isprintable() else json.dumps(one)[1:-1] for one in text)
    assert manifest_bytes(value) == plain.encode("utf-8") + b"\n"
