"""From one physical kind to another: real files in, valid files out."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from lxml import etree

from gateway.bundle import bundled
from tests.mappings.mapping_kit import (
    ISSUES,
    PERFORMANCE,
    PICKING,
    TO_ISSUES,
    TO_PERFORMANCE,
    TO_PICKING,
    Kit,
    converted,
    errors_of,
)

SAMPLES = bundled("samples")
NAMESPACE = {"p": "urn:test:performance"}


def test_flat_rows_become_nested_xml(tmp_path: Path) -> None:
    """Rows of a delimited file shall become XML records under their order, with totals in the header."""
    kit = Kit.with_shipped(tmp_path, "confirmation/1.1.0")
    kit.add(PERFORMANCE)
    bound = kit.bound(kit.map("confirmation", "1.1.0-to-performance-1.0.0", TO_PERFORMANCE))
    data = (SAMPLES / "confirmation/1.1.0/good/CONF_MES01_0000003.csv").read_bytes()
    output, findings = converted(bound, data)
    assert findings == []
    assert errors_of(bound, output) == []
    root = etree.fromstring(output)
    rows = [line.split(";") for line in data.decode().splitlines() if line.startswith("C;")]
    orders = [one.get("number") for one in root.iterfind("p:Order", NAMESPACE)]
    assert orders == list(dict.fromkeys(row[3] for row in rows))
    reports = root.findall("p:Order/p:Report", NAMESPACE)
    assert [one.get("line") for one in reports] == [str(number) for number in range(1, len(rows) + 1)]
    assert root.findtext("p:Header/p:Rows", None, NAMESPACE) == str(len(rows))
    assert root.findtext("p:Header/p:Total", None, NAMESPACE) == data.decode().split(";")[-1].strip().replace(
        ",", "."
    )
    first = reports[0]
    assert first.findtext("p:MachineTime", None, NAMESPACE) == "2550"  # 42,5 minutes
    assert first.find("p:Quantity", NAMESPACE).attrib == {"unit": "KGM"}  # type: ignore[union-attr] # it is there
    assert first.findtext("p:Finished", None, NAMESPACE) == "2026-11-17T06:45:00+01:00"
    assert first.findtext("p:Final", None, NAMESPACE) == "true"
    assert first.findtext("p:Key", None, NAMESPACE) == f"{rows[0][5]}-{rows[0][6]}"
    assert first.findtext("p:Text", None, NAMESPACE) == "nothing said"


def test_nested_xml_becomes_flat_rows(tmp_path: Path) -> None:
    """Records of an XML file shall become delimited rows that carry values of the records above them."""
    kit = Kit.with_shipped(tmp_path, "order/1.0.0")
    kit.add(PICKING)
    bound = kit.bound(kit.map("order", "1.0.0-to-picking-1.0.0", TO_PICKING))
    data = (SAMPLES / "order/1.0.0/good/ORD-ERPPRD-20261113053000-000870.xml").read_bytes()
    output, findings = converted(bound, data)
    assert findings == []
    assert errors_of(bound, output) == []
    lines = output.decode().splitlines()
    assert lines[:3] == [
        "P|ORD-ERPPRD-20261113-000870|1000231|23.11.2026|0010|000000000000200117|214,500|KG|1210|Y",
        "P|ORD-ERPPRD-20261113-000870|1000231|23.11.2026|0010|BIND-AC-40|131,000|KG|1220|Y",
        "P|ORD-ERPPRD-20261113-000870|1000231|23.11.2026|0020|SOLV-WATER|58,750|L|1220|Y",
    ]
    components = data.count(b"<Component>")
    assert lines[-1] == f"E|{components}"
    assert len(lines) == components + 1
    assert bound.mapping.suffix_for(bound.target.kind) == ".pick"


def test_fixed_width_becomes_json(tmp_path: Path) -> None:
    """Lines of fixed width shall become JSON with exact numbers, their count and sum computed anew."""
    kit = Kit.with_shipped(tmp_path, "consumption/1.1.0")
    kit.add(ISSUES)
    bound = kit.bound(kit.map("consumption", "1.1.0-to-issues-1.0.0", TO_ISSUES))
    source = min((SAMPLES / "consumption/1.1.0/good").glob("*.txt"))
    output, findings = converted(bound, source.read_bytes())
    assert findings == []
    assert errors_of(bound, output) == []
    document = json.loads(output, parse_float=str, parse_int=str)
    items = [line for line in source.read_text("cp1252").splitlines() if line.startswith("ITM")]
    assert len(document["issues"]) == len(items)
    assert document["header"]["count"] == str(len(items))
    quantities = [Decimal(line[96:109]) / 1000 for line in items]
    assert Decimal(document["header"]["sum"]) == sum(quantities)
    assert not document["issues"][0]["material"].startswith("0")
    assert [Decimal(one["quantity"]) for one in document["issues"]] == quantities
    assert document["issues"][0]["final"] in (True, False)
    assert document["header"]["created"].endswith(("+01:00", "+02:00"))
