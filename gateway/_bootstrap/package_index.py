"""Fetching pip itself from the package index, for machines that have none (PEP 503, PEP 691)."""

from __future__ import annotations

import base64
import configparser
import hashlib
import html.parser
import json
import os
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import InstallationError

_DEFAULT = "https://pypi.org/simple"
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
_WHEEL = re.compile(r"pip-([0-9]+(?:\.[0-9]+)*)-py3-none-any\.whl")
_TIMEOUT = 60.0
_ADVICE = "Or install what this Python lacks: apt-get install python3-venv"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One wheel of pip on the index."""

    version: tuple[int, ...]
    name: str
    url: str
    sha256: str


def download_pip(directory: Path) -> Path:
    """Download the newest wheel of pip into ``directory`` and return its path.

    Raises InstallationError where the index cannot be read or the bytes are not those it states.
    """
    page = f"{index_url().rstrip('/')}/pip/"
    try:
        content, kind, address = _get(page, _ACCEPT)
        found = [*_from_json(content, address)] if "json" in kind else [*_from_html(content, address)]
        if not found:
            raise InstallationError("The package index has no wheel of pip", where=page, hint=_ADVICE)
        newest = max(found, key=lambda one: one.version)
        content, _kind, _address = _get(newest.url, "*/*")
    except (OSError, ValueError) as error:
        raise InstallationError(
            "pip is missing here and cannot be fetched from the package index",
            where=page, cause=error, hint=_ADVICE,
        ) from error  # fmt: skip
    if hashlib.sha256(content).hexdigest() != newest.sha256:
        raise InstallationError(
            "The wheel of pip has not the SHA-256 that the index states", where=newest.url
        )
    wheel = directory / newest.name
    wheel.write_bytes(content)
    return wheel


def index_url() -> str:
    """Return the package index that pip itself would use: its variable, its files, else the public one."""
    given = os.environ.get("PIP_INDEX_URL")
    if given:
        return given
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    files = ["/etc/pip.conf", os.path.join(home, ".pip", "pip.conf"), os.path.join(config, "pip", "pip.conf")]
    files += [os.environ.get("PIP_CONFIG_FILE", os.devnull)]
    parser = configparser.RawConfigParser()
    try:
        parser.read(files, encoding="utf-8")
    except configparser.Error:
        return _DEFAULT  # pip will say what is wrong with its file
    for section in ("install", "global"):
        if parser.has_option(section, "index-url"):
            return parser.get(section, "index-url")
    return _DEFAULT


def _get(url: str, accept: str) -> tuple[bytes, str, str]:
    """Return content, content type and final address of ``url``."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("https", "http"):
        raise ValueError(f"{parts.scheme!r} is no way to a package index")
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    request = urllib.request.Request(urllib.parse.urlunsplit(plain), headers={"Accept": accept})  # noqa: S310 - scheme checked
    if parts.username:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context)]
    proxy = os.environ.get("PIP_PROXY")
    if proxy:
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    with urllib.request.build_opener(*handlers).open(request, timeout=_TIMEOUT) as response:
        return response.read(), response.headers.get_content_type(), response.url


def _from_json(content: bytes, address: str) -> Iterator[Candidate]:
    for file in json.loads(content)["files"]:
        sha256 = file.get("hashes", {}).get("sha256")
        if sha256 and not file.get("yanked"):
            yield from _candidate(file["filename"], urllib.parse.urljoin(address, file["url"]), sha256)


def _from_html(content: bytes, address: str) -> Iterator[Candidate]:
    links = _Links()
    links.feed(content.decode("utf-8", "replace"))
    for href in links.found:
        url, _hash, fragment = urllib.parse.urljoin(address, href).partition("#")
        if fragment.startswith("sha256="):
            name = urllib.parse.unquote(url.rpartition("/")[2])
            yield from _candidate(name, url, fragment.removeprefix("sha256="))


def _candidate(name: str, url: str, sha256: str) -> Iterator[Candidate]:
    match = _WHEEL.fullmatch(name)
    if match is not None:
        yield Candidate(tuple(int(part) for part in match[1].split(".")), name, url, sha256)


class _Links(html.parser.HTMLParser):
    """Collects the addresses of a page's links, without those that are withdrawn."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a link's address."""
        given = dict(attrs)
        href = given.get("href")
        if tag == "a" and href and "data-yanked" not in given:
            self.found.append(href)
