"""Fetching pip from a package index: which index, which wheel, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from gateway._bootstrap.package_index import download_pip, index_url
from gateway.errors import InstallationError
from tests.start import fresh


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's own settings of pip out of the tests."""
    for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "PIP_PROXY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def _fetched(directory: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    target.mkdir()
    with fresh.served(directory) as address:
        monkeypatch.setenv("PIP_INDEX_URL", f"{address}/")
        return download_pip(target)


def test_the_newest_usable_wheel_is_taken_from_a_page_of_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all files on the page, the newest release wheel that is not withdrawn shall be taken."""
    index = tmp_path / "index"
    for name, content in (
        ("pip-9.0.1-py3-none-any.whl", b"old"),
        ("pip-26.0-py3-none-any.whl", b"newest"),
        ("pip-27.0b1-py3-none-any.whl", b"a trial"),
    ):
        fresh.publish(index, "pip", name, content)
    page = index / "pip" / "index.html"
    digest = hashlib.sha256(b"withdrawn").hexdigest()
    withdrawn = f'<a href="pip-28.0-py3-none-any.whl#sha256={digest}" data-yanked="">pip</a>'
    page.write_text(page.read_text() + withdrawn + '<a href="pip-29.0.tar.gz#sha256=00">pip</a>')
    wheel = _fetched(index, tmp_path / "to", monkeypatch)
    assert wheel.name == "pip-26.0-py3-none-any.whl"
    assert wheel.read_bytes() == b"newest"


def test_an_index_may_answer_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that answers in JSON (PEP 691) shall be understood, withdrawn files left out."""
    index = tmp_path / "index"
    fresh.publish(index, "pip", "pip-26.0-py3-none-any.whl", b"newest")
    good = {"sha256": hashlib.sha256(b"newest").hexdigest()}
    name = "pip-26.0-py3-none-any.whl"
    files = [
        {"filename": name, "url": name, "hashes": good, "yanked": False},
        {"filename": "pip-27.0-py3-none-any.whl", "url": "x", "hashes": good, "yanked": "broken"},
        {"filename": "pip-28.0-py3-none-any.whl", "url": "x", "hashes": {}},
    ]
    (index / "pip" / "index.json").write_text(json.dumps({"files": files}))
    assert _fetched(index, tmp_path / "to", monkeypatch).read_bytes() == b"newest"


def test_other_bytes_than_stated_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel whose SHA-256 is not the stated one shall not be run."""
    index = tmp_path / "index"
    fresh.publish(index, "pip", "pip-26.0-py3-none-any.whl", b"as published")
    (index / "pip" / "pip-26.0-py3-none-any.whl").write_bytes(b"as tampered with")
    with pytest.raises(InstallationError, match="SHA-256"):
        _fetched(index, tmp_path / "to", monkeypatch)
    assert not list((tmp_path / "to").iterdir())


def test_an_index_without_pip_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that has no pip shall be named, with the way around it."""
    (tmp_path / "index").mkdir()
    with pytest.raises(InstallationError, match=r"/pip/.*apt-get install python3-venv"):
        _fetched(tmp_path / "index", tmp_path / "to", monkeypatch)


def test_only_the_web_is_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that is not http or https shall be refused."""
    monkeypatch.setenv("PIP_INDEX_URL", "file:///etc")
    with pytest.raises(InstallationError, match="'file' is no way to a package index"):
        download_pip(tmp_path)


def test_the_index_is_the_one_pip_would_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable shall win over pip's files, and `[install]` over `[global]`."""
    assert index_url().startswith("https://") or Path("/etc/pip.conf").exists()
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://mirror.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    assert index_url() == "https://mirror.example/simple"
    file.write_text(file.read_text() + "[install]\nindex-url = https://other.example/simple\n")
    assert index_url() == "https://other.example/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://given.example/simple")
    assert index_url() == "https://given.example/simple"
