"""Contents that attack parsers, and files that are of another kind than their names say."""

from __future__ import annotations

import io
import os
import re
import zipfile

import pytest

from gateway.model import State
from tests.hostile.hostile_kit import GOOD
from tests.pipeline.plant import Plant, confirmation, name_of

ROOT = '<ProductionOrders xmlns="urn:plant-exchange:order:1">'
ORDER = GOOD["order"].read_text("utf-8")
BOM = GOOD["bom"].read_text("utf-8")
assert ROOT in ORDER


def with_quantity(number: str) -> str:
    """Return the good bill of material with ``number`` as its first base quantity."""
    return re.sub(r'("baseQuantity":\s*)[0-9.]+', rf"\g<1>{number}", BOM, count=1)


def doctype(text: str) -> str:
    """Return the good order with the DOCTYPE ``text``."""
    return ORDER.replace(ROOT, f"<!DOCTYPE x [{text}]>{ROOT}")


def bomb() -> str:
    """Return the billion laughs."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">{levels}]><l>&l9;</l>'


XML = {
    "dtd": (doctype('<!ENTITY a "b">'), "F502"),
    "external": (doctype('<!ENTITY a SYSTEM "file:///etc/passwd">'), "F502"),
    "parameter": (doctype('<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;'), "F502"),
    "bomb": (bomb(), "F502"),
    "depth": (ORDER.replace(ROOT, ROOT + "<a>" * 5000), "F504"),
    "attributes": (
        ORDER.replace(ROOT, ROOT[:-1] + "".join(f' a{n}="1"' for n in range(100_000)) + ">"),
        "F504",
    ),
    "namespaces": (
        ORDER.replace(ROOT, ROOT[:-1] + "".join(f' xmlns:a{n}="u:{n}"' for n in range(5000)) + ">"),
        "F504",
    ),
    "include": (
        ORDER.replace(
            ROOT, f'{ROOT}<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'
        ),
        "F503",
    ),
    "null": (ORDER.replace(ROOT, ROOT + "&#0;"), "F501"),
    "nulls": (ROOT + "\0" * 1000, "F501"),
    "tag": (f"{ROOT}<{'y' * 2_000_000}", "F504"),
    "utf-7": ('<?xml version="1.0" encoding="utf-7"?>+ADw-x/+AD4-', "F506"),
    "prolog": ('<?xml version="1.0"?>' + " " * 200_000 + ROOT, "F501"),
}

JSON = {
    "twice": ('{"header":{"messageId":"A","messageId":"B"}}', "F602"),
    "nan": (with_quantity("NaN"), "F603"),
    "infinity": (with_quantity("-Infinity"), "F603"),
    "e400": (with_quantity("1e400"), "F603"),
    "digits": (with_quantity("9" * 5000), "F603"),
    "exponent": (with_quantity("1e300"), "F302"),
    "brackets": ("[" * 200_000, "F604"),
    "braces": ('{"a":' * 100_000, "F604"),
    "nested": (BOM.replace('"bills"', '"x":' + "[" * 200 + "]" * 200 + ',"bills"'), "F604"),
    "half": (BOM.replace('"ERPPRD"', '"\\ud800"'), "F601"),
    "half-record": (BOM.replace('"material"', '"material": "\\udfff", "x"', 1), "F601"),
    "null-character": (BOM.replace('"ERPPRD"', '"ERP\\u0000"'), "F308"),
    "behind": (BOM + "{}", "F601"),
    "list": ("[]", "F606"),
    "nothing": ("null", "F606"),
    "blanks": (" " * 1_000_000, "F601"),
}


@pytest.mark.parametrize(("message_type", "attacks"), [("order", XML), ("bom", JSON)])
def test_hostile_documents_fail_with_their_own_code(
    six: Plant, message_type: str, attacks: dict[str, tuple[str, str]]
) -> None:
    """Every hostile XML and JSON document shall fail with the code of its fault; a good one goes on."""
    good = GOOD[message_type]
    for title, (text, _code) in attacks.items():
        six.drop(f"{good.stem}-{title}{good.suffix}", text.encode("utf-8", "surrogatepass"), message_type)
    six.drop(good.name, good.read_bytes(), message_type)
    six.run()
    assert six.states().pop(good.name) is State.PROCESSED
    found = {title: six.codes(f"{good.stem}-{title}{good.suffix}") for title in attacks}
    assert {title: code for title, (_text, code) in attacks.items() if code not in found[title]} == {}
    assert [title for title, codes in found.items() if "F199" in codes] == []
    reports = (six.directory / "failed" / message_type).glob("*.report.txt")
    assert not any("root:" in path.read_text() for path in reports)  # nothing of /etc/passwd
    six.demand_proof()


def archive() -> bytes:
    """Return a zip file."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("a.txt", "x" * 999)
    return held.getvalue()


def test_files_of_another_kind_fail_for_it(plant: Plant) -> None:
    """Pictures, archives, programs, noise and foreign encodings shall fail for their physical form."""
    good = confirmation(1).decode()
    contents = {
        11: (b"\0" * 300_000, "F114"),
        12: (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 40, "F102"),
        13: (archive(), "F114"),
        14: (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 400, "F102"),
        15: (good.encode("utf-16"), "F103"),
        16: (good.encode("utf-16-le"), "F114"),
        17: (good.encode("utf-32"), "F103"),
        18: (confirmation(18).replace(b"DISP", b"D\0SP"), "F114"),
        19: (confirmation(19).replace(b"DISP", b"\xed\xa0\x80"), "F102"),
        20: (b"\n" * 50_000, "F112"),
        21: (b";" * 2_000_000, "F113"),
        22: (b'"' * 100_001, "F106"),
        23: (confirmation(23) + b"\x1a", "F105"),
        24: (confirmation(24).replace(b"\r\n", b"\r"), "F104"),
        25: (confirmation(25).replace(b"\r\n", b"\n\r"), "F104"),
        26: (confirmation(26).replace(b"1100", "\N{ARABIC-INDIC DIGIT ONE}100".encode()), "F308"),
        27: (os.urandom(200_000), "F102"),
    }
    for number, (content, _code) in contents.items():
        plant.drop(name_of(number), content)
    plant.drop_confirmation(1)
    plant.run()
    assert plant.delivered() == [name_of(1)]
    found = {number: plant.codes(name_of(number)) for number in contents}
    assert {n: found[n] for n, (_content, code) in contents.items() if code not in found[n]} == {}
    for number, (content, _code) in contents.items():
        assert (
            plant.directory / (plant.transfer(name_of(number)).settled_path or "")
        ).read_bytes() == content
    plant.demand_proof()


def test_a_file_of_another_message_type_fails_for_what_it_is(six: Plant) -> None:
    """Each type's good file on each other type's route shall fail, never by an error of the gateway's."""
    for message_type in GOOD:
        for other, good in GOOD.items():
            if other != message_type:
                six.drop(good.name, good.read_bytes(), message_type)
    six.run()
    rows = six.transfers()
    assert len(rows) == 30
    assert {row.state for row in rows} == {State.FAILED}
    assert not {"F199", None} & {row.reason_code for row in rows}
    six.demand_proof()
