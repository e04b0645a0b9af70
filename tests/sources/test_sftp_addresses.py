"""Addresses of files on servers."""

from __future__ import annotations

import os

import pytest

from gateway.errors import ConfigurationError
from gateway.sources.addresses import address, directory_path, is_remote, join, parse

PATHS = [
    "out/orders",
    "/out/orders/",
    "/",
    ".",
    "",
    "~",
    "~/x",
    "/~",
    "/~/x",
    "//share/x",
    "C:/out",
    "/a/~/b",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["plain.csv", "~", "mit Leerzeichen ü.csv", "q?a=b#c%20", "\udcff", ".."])
def test_a_location_leads_back_to_its_directory_and_name(path: str, name: str) -> None:
    """The gateway shall find server, directory and name of every file that it once saw on a server."""
    directory = directory_path(path)
    location = address("erp", join(directory, name))
    assert is_remote(location)
    head, tail = os.path.split(location)
    assert tail == name
    assert parse(head) == ("erp", directory)


def test_paths_from_the_login_directory_and_from_the_root_differ() -> None:
    """The gateway shall tell a path from the login directory from the same path from the root."""
    assert address("erp", "out/a") == "sftp://erp/~/out/a"
    assert address("erp", "/out/a") == "sftp://erp/out/a"
    assert not is_remote("/out/a")


@pytest.mark.parametrize("text", ["", "sftp://", "sftp:///a", "/out/a", "https://erp/a"])
def test_what_is_no_address_is_refused_in_words(text: str) -> None:
    """The gateway shall refuse what it did not write itself."""
    with pytest.raises(ConfigurationError, match="not the address"):
        parse(text)
