"""A site with routes over SFTP, and what the doctor says of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.operations.setup import init_site
from tests.cli.plant import call
from tests.sftp.openssh import OpenSsh
from tests.sftp.scripted import Scripted

SITE = """\
schema: 1
site: {name: Plant 1000, time_zone: Europe/Berlin}
"""

ROUTES = """\
routes:
  orders:
    partner: ERPPRD
    message_type: order
    source: {{type: sftp, server: erp, path: {source}, acknowledge: move, move_to: {done}}}
    completeness: {{require: [none]}}
    destinations:
      mes: {{path: outbox/mes}}
  confirmations:
    partner: MES01
    message_type: confirmation
    completeness: {{require: [none]}}
    destinations:
      erp: {{type: sftp, server: erp, path: {target}}}
"""

LOCAL = """\
routes:
  confirmations:
    partner: MES01
    message_type: confirmation
    completeness: {require: [none]}
    destinations:
      erp: {path: outbox/erp}
"""


@dataclass(frozen=True)
class Patient:
    """One site."""

    directory: Path

    def asked(self, *arguments: str, status: int | None = None) -> list[dict[str, Any]]:
        """Return the checks of `gateway doctor`; it must leave with ``status``, if one is given."""
        result = call("--site", str(self.directory), "doctor", "--json", *arguments)
        assert result.exit_code in (0, 65), result.output
        assert status in (None, result.exit_code), result.output
        checks: list[dict[str, Any]] = json.loads(result.stdout)["checks"]
        assert not list(self.directory.rglob(".gateway-probe-*"))
        return checks


def site(directory: Path, text: str) -> Patient:
    """Return a new site with that configuration."""
    init_site(directory, SITE + text)
    return Patient(directory)


def remote_site(directory: Path, server: OpenSsh | Scripted, place: Path, **lines: str) -> Patient:
    """Return a new site whose routes use three directories below ``place`` of a server."""
    paths = {}
    for name in ("source", "done", "target"):
        (place / name).mkdir(exist_ok=True)
        paths[name] = server.remote(place / name)
    return site(directory, server.yaml(**lines) + ROUTES.format(**paths))


def words(checks: list[dict[str, Any]], *verdicts: str, topic: str = "") -> str:
    """Return what was found and is to be done, of the checks with one of these verdicts."""
    chosen = [
        one for one in checks if one["verdict"] in (verdicts or ("ok",)) and one["topic"].startswith(topic)
    ]
    return "\n".join(f"{one['what']}: {one['found']} | {one['why']} | {one['do']}" for one in chosen)
