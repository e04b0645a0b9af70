"""The catalogue lists cheaply, loads on use, and one broken format stops no other."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.errors import FormatError, FormatUnknown
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Version
from tests.formats.format_kit import DELIMITED, FIXED, write

if TYPE_CHECKING:
    from pathlib import Path

V = Version.parse


def test_versions_are_listed_by_number_and_odd_entries_are_not(tmp_path: Path) -> None:
    """The gateway shall list versions oldest first, and take other files for what they are."""
    for version in ("1.10.0", "1.9.0"):
        write(tmp_path, {**DELIMITED, "version": version})
    write(tmp_path, FIXED)
    (tmp_path / "formats.lock").touch()
    (tmp_path / "confirmation" / "old").mkdir()
    (tmp_path / "confirmation" / "3.0.0").mkdir()
    catalogue = Catalogue.load(tmp_path)
    assert catalogue.message_types() == ["confirmation", "material"]
    assert catalogue.versions("confirmation") == [V("1.9.0"), V("1.10.0")]
    assert catalogue.versions("nothing") == []


def test_a_version_is_loaded_once(tmp_path: Path) -> None:
    """The gateway shall keep a loaded format for the rest of its run."""
    write(tmp_path, DELIMITED)
    catalogue = Catalogue.load(tmp_path)
    first = catalogue.get("confirmation", V("1.1.0"))
    assert catalogue.get("confirmation", V("1.1.0")) is first


def test_an_unknown_version_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """The gateway shall say which versions there are when one is asked for that is not."""
    write(tmp_path, DELIMITED)
    with pytest.raises(FormatUnknown, match=r"no format confirmation 9\.0\.0.*Known versions: 1\.1\.0"):
        Catalogue.load(tmp_path).get("confirmation", V("9.0.0"))
    with pytest.raises(FormatUnknown, match="Known message types: confirmation"):
        Catalogue.load(tmp_path).get("invoice", V("1.0.0"))


def test_a_broken_format_stops_no_other(tmp_path: Path) -> None:
    """The gateway shall go on with every other format, and raise a broken one's problems on use."""
    write(tmp_path, DELIMITED)
    (write(tmp_path, {**DELIMITED, "version": "2.0.0"}) / "format.yaml").write_text("kind: [")
    write(tmp_path, {**FIXED, "status": "draft"})
    catalogue = Catalogue.load(tmp_path)
    assert [each.name for each in catalogue.usable("confirmation")] == ["confirmation 1.1.0"]
    others = [name for name in catalogue.message_types() if name != "confirmation"]
    assert [len(catalogue.usable(name)) for name in others] == [1]
    for _ in range(2):
        with pytest.raises(FormatError, match="not YAML"):
            catalogue.get("confirmation", V("2.0.0"))


def test_a_definition_in_the_wrong_directory_is_refused(tmp_path: Path) -> None:
    """The gateway shall not take a definition for the version that its directory names."""
    directory = write(tmp_path, DELIMITED)
    directory.rename(directory.with_name("1.2.0"))
    with pytest.raises(FormatError, match=r"says confirmation 1\.2\.0, the definition confirmation 1\.1"):
        Catalogue.load(tmp_path).get("confirmation", V("1.2.0"))


def test_a_missing_catalogue_is_told(tmp_path: Path) -> None:
    """The gateway shall say that the directory of formats is not there."""
    with pytest.raises(FormatError, match="cannot be listed"):
        Catalogue.load(tmp_path / "absent")


def test_listing_imports_no_heavy_library(tmp_path: Path) -> None:
    """The gateway shall list a catalogue without polars, lxml, jsonschema or YAML."""
    write(tmp_path, DELIMITED)
    code = (
        "import sys, pathlib\n"
        "from gateway.formats.catalogue import Catalogue\n"
        f"print(Catalogue.load(pathlib.Path({str(tmp_path)!r})).versions('confirmation'))\n"
        "print([name for name in ('polars', 'lxml', 'jsonschema', 'yaml') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"
