"""IDocs as XML: control record, segments and nested segments of real files."""

from __future__ import annotations

from gateway.formats.definition import Field, Format, RecordType, Role
from gateway.readers.xml import XmlReader
from tests.readers.document_kit import read, reference, xml_format

NAMESPACE = "urn:sap-com:document:sap:idoc:soap:messages"
CONTROL = ("TABNAM", "MANDT", "DOCNUM", "MESTYP", "SNDPRN", "CREDAT", "CRETIM", "ARCKEY", "SERIAL")


def _format(root: str, *segments: tuple[str, str, str | None, tuple[str, ...]]) -> Format:
    control = tuple(Field(name.lower(), path=name) for name in CONTROL)
    types = [RecordType("control", Role.HEADER, control, path=f"/{root}/IDOC/EDI_DC40")]
    for name, path, parent, fields in segments:
        columns = tuple(Field(field.lower(), path=field) for field in fields)
        types.append(RecordType(name, Role.RECORD, columns, path=f"/{root}/IDOC/{path}", parent=parent))
    return xml_format(tuple(types), namespace=NAMESPACE, root=root, closed=False)


def test_a_production_order_comes_with_its_operations() -> None:
    """LOIPRO05 shall give the control record, the order and its operations with exact values."""
    definition = _format(
        "LOIPRO05",
        ("order", "E1AFKOL", None, ("AUFNR", "BMENGE", "GSTRS", "MATNR_LONG")),
        ("text", "E1AFKOL/E1VCCHR/E1VCCHT", "order", ("LAISO", "ATBEZ")),
        ("operation", "E1AFKOL/E1AFFLL/E1AFVOL", "order", ("VORNR", "ARBPL", "LTXA1")),
    )
    data = reference("sap", "LOIPRO05_Original.xml").read_bytes()
    rows, findings = read(definition, data)
    assert findings.listed() == []
    (control,) = rows["control"]
    assert control["docnum"] == "0000000000430094"
    assert control["arckey"] == "urn:sap.com:msgid=F1E27A082FAC1EDEA3B91C676718B61E"
    assert (control["credat"], control["cretim"], control["serial"]) == (
        "20231128",
        "093405",
        "20231128083400705437",
    )
    (order,) = rows["order"]
    assert (order["aufnr"], order["bmenge"], order["gstrs"]) == ("1895938", "1.000", "20231204")
    assert order["matnr_long"] == "D2O_EVOGUARD_DOUBLE_SEAT_VALVE_V1"
    lines = data.decode().split("\n")
    assert len(rows["operation"]) == data.count(b"<E1AFVOL ")
    assert len(rows["text"]) == data.count(b"<E1VCCHT ")
    for row in rows["operation"]:
        assert "<E1AFVOL " in lines[int(str(row["_line"])) - 1]
        assert row["_parent"] == order["_record"]
    assert "Montagereihenf. Luftschläuche" in [row["atbez"] for row in rows["text"]]


def test_a_sparse_control_record_has_no_message_id() -> None:
    """A material IDoc without DOCNUM shall be read, and have no DOCNUM rather than an empty one."""
    definition = _format(
        "MATMAS05",
        ("material", "E1MARAM", None, ("MATNR", "BRGEW")),
        ("text", "E1MARAM/E1MAKTM", "material", ("SPRAS", "MAKTX")),
    )
    data = reference("sap", "R1CH01007_RAW_MAT_IDOC.xml").read_bytes()
    rows, findings = read(definition, data)
    assert findings.listed() == []
    (control,) = rows["control"]
    assert (control["docnum"], control["mestyp"], control["sndprn"]) == (None, "MATMAS", "AX2012 Manu")
    assert (rows["material"][0]["matnr"], rows["material"][0]["brgew"]) == ("R1CH01007", "")
    assert rows["text"][0]["maktx"] == "R1CH01007"
    assert "control.docnum" not in XmlReader().probe(definition, data)
    assert XmlReader().ending(definition, data)
