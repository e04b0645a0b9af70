"""Messages of a weighing MES against the ISA-95 schema sets they claim to follow.

The Business To Manufacturing Markup Language (B2MML) is used courtesy of MESA International.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from gateway.formats.definition import Field, Format, RecordType, Role
from gateway.readers.xml import XmlReader
from tests.readers.document_kit import read, reference, xml_format

SETS = {
    "V0401": ("B2MML-V0401", "http://www.wbf.org/xml/B2MML-V0401"),
    "V0500": ("B2MML-V05", "http://www.wbf.org/xml/B2MML-V05"),
}
MESSAGES = {
    "MAT-20121210170256-CRBN0001.xml": ("SyncMaterialDefinition", "Material", "MaterialDefinition"),
    "PRO-20121210181416-27942.xml": ("SyncProductionSchedule", "ProductionSchedule", "ProductionSchedule"),
    "PES-20121229115825-53107.xml": (
        "SyncProductionPerformance",
        "ProductionPerformance",
        "ProductionPerformance",
    ),
}


def _schemas(directory: Path, version: str) -> Path:
    """Return a copy of a schema set, its missing BatchML extensions replaced by empty ones."""
    prefix, namespace = SETS[version]
    home = directory / version
    shutil.copytree(reference("b2mml", version), home)
    own = (home / f"{prefix}-AllExtensions.xsd").read_text("utf-8-sig")
    target = re.search(r'targetNamespace\s*=\s*"([^"]+)"', own)
    for name in re.findall(r'schemaLocation\s*=\s*"([^"]+)"', own):
        if not (home / name).exists():
            (home / name).write_text(
                '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
                f'targetNamespace="{target.group(1) if target else namespace}"/>'
            )
    return home


def _format(directory: Path, version: str, message: str) -> Format:
    prefix, namespace = SETS[version]
    root, schema, record = MESSAGES[message]
    header = (
        Field("release", path="@releaseID"),
        Field("sender", path="ApplicationArea/Sender/LogicalID"),
        Field("created", path="ApplicationArea/CreationDateTime"),
    )
    types = (
        RecordType("header", Role.HEADER, header, path=f"/{root}"),
        RecordType("message", Role.RECORD, (Field("id", path="ID"),), path=f"/{root}/DataArea/{record}"),
    )
    home = _schemas(directory, version)
    return xml_format(types, namespace=namespace, root=root, xsd=f"{prefix}-{schema}.xsd", directory=home)


def _sample(version: str, message: str) -> bytes:
    data = reference("b2mml", "samples", message).read_bytes()
    return data.replace(SETS["V0401"][1].encode(), SETS[version][1].encode())


@pytest.mark.parametrize("version", SETS)
@pytest.mark.parametrize("message", list(MESSAGES)[:2])
def test_material_and_schedule_are_valid(tmp_path: Path, version: str, message: str) -> None:
    """MAT and PRO shall be valid under V0401 and, in its namespace, under V05."""
    rows, findings = read(_format(tmp_path, version, message), _sample(version, message))
    assert findings.listed() == []
    assert rows["header"][0]["sender"] == "DEV130"
    assert rows["header"][0]["release"] == ""


@pytest.mark.parametrize("version", SETS)
def test_performance_lacks_its_release(tmp_path: Path, version: str) -> None:
    """PES shall be invalid under both versions because ``releaseID`` is missing, and for no other reason."""
    message = list(MESSAGES)[2]
    rows, findings = read(_format(tmp_path, version, message), _sample(version, message))
    (finding,) = findings.listed()
    assert (finding.code, finding.record_type, finding.line, finding.column) == (
        "F503",
        "header",
        2,
        "@releaseID",
    )
    assert "'releaseID' is required but missing" in finding.message
    assert rows["header"][0]["release"] is None


def test_envelope_of_a_schedule_is_known_from_its_first_bytes(tmp_path: Path) -> None:
    """A probe shall tell root, sender and time of a message whose header is its root element."""
    message = list(MESSAGES)[1]
    head = _sample("V0401", message)[:400]
    assert XmlReader().probe(_format(tmp_path, "V0401", message), head) == {
        "root": "{http://www.wbf.org/xml/B2MML-V0401}SyncProductionSchedule",
        "header.release": "",
        "header.sender": "DEV130",
        "header.created": "2009-12-10T17:14:16.0Z",
    }


def test_another_version_is_another_root(tmp_path: Path) -> None:
    """A V0401 message shall be refused by V05 for its namespace, in one finding."""
    message = next(iter(MESSAGES))
    _, findings = read(_format(tmp_path, "V0500", message), _sample("V0401", message))
    assert [f.code for f in findings.listed()] == ["F505"]
