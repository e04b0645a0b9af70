"""The formats that the gateway comes with are sound and say what they are for."""

from __future__ import annotations

import pytest

from gateway.formats.check import check_format
from gateway.formats.definition import Format, Kind, Role, Status

from .sample_expectations import CATALOGUE, ROOT
from .test_sample_files import ALL

DOCUMENT = (ROOT / "docs" / "message-types.md").read_text("utf-8")


def section(message_type: str) -> str:
    """Return what the page says about one message type."""
    return DOCUMENT.split(f"\n## {message_type}\n", 1)[1].split("\n## ", 1)[0]


def test_all_formats_load() -> None:
    """Every format version shall load; a broken one would stop its route."""
    for message_type in CATALOGUE.message_types():
        assert len(CATALOGUE.usable(message_type)) == len(CATALOGUE.versions(message_type))


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_formats_do_not_contradict_themselves(definition: Format) -> None:
    """`gateway formats check` shall find nothing to say about the formats that come with it."""
    assert check_format(definition) == []


def test_the_six_message_types_cover_all_physical_kinds() -> None:
    """There shall be six message types of four physical kinds, three of them in several versions."""
    assert CATALOGUE.message_types() == [
        "bom", "confirmation", "consumption", "inventory-adjustment", "material", "order",
    ]  # fmt: skip
    assert {each.kind for each in ALL} == set(Kind)
    assert sum(len(CATALOGUE.versions(each)) > 1 for each in CATALOGUE.message_types()) >= 3


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_every_field_is_described(definition: Format) -> None:
    """Every record type and every field shall say what it means, every code what it stands for."""
    for record_type in definition.record_types:
        assert record_type.description, record_type.name
        for field in record_type.fields:
            assert field.description, f"{record_type.name}.{field.name}"
            assert all(field.codes.values()), f"{record_type.name}.{field.name}"


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_every_format_can_be_told_apart_and_traced(definition: Format) -> None:
    """A format shall say how a message is identified and which business objects it is about."""
    assert definition.file_name
    assert definition.envelope.key
    assert definition.status in (Status.RELEASED, Status.DRAFT)
    named = {name for each in definition.record_types for name in each.references}
    assert named & {"order", "material"}


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_the_page_for_people_is_complete(definition: Format) -> None:
    """`docs/message-types.md` shall name every version, record type, field and rule of a message type."""
    text = section(definition.message_type)
    assert f"`{definition.version}`" in text
    for record_type in definition.record_types:
        assert f"`{record_type.name}`" in text
        for field in record_type.fields:
            assert f"`{field.name}`" in text, f"{record_type.name}.{field.name}"
    for rule in definition.rules:
        assert f"`{rule.id}`" in text


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_business_records_have_fields_with_units(definition: Format) -> None:
    """Every quantity, weight and time of a business record shall say its unit."""
    for record_type in definition.record_types:
        if record_type.role is Role.RECORD:
            for field in record_type.fields:
                if field.type.value == "decimal":
                    assert field.unit or field.unit_field, f"{record_type.name}.{field.name}"
