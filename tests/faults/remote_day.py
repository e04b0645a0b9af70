"""The day of a plant whose partners are on a server: files fetched in two ways, pushed with side files.

What the gateway asks of the server goes through its socket, so each send is a point. The server is a
real one, of this machine; what a request that was sent still does there is waited for after a kill.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.day import Day, Step, run_pass, taken_from
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.sftp.openssh import OpenSsh, wait_for

_ROUTES = ("moved", "deleted")


def _routes(served: Path) -> str:
    pushed = "done_marker: .done, checksum_file: .sha256"
    taking = {"moved": f"acknowledge: move, move_to: {served}/taken", "deleted": "acknowledge: delete"}
    return "".join(
        route(
            name,
            source=f'{{type: sftp, server: erp, path: {served}/{name}, pattern: "*.csv", {taking[name]}}}',
            destinations=f"{{erp: {{type: sftp, server: erp, path: {served}/in, {pushed}}}}}",
        )
        for name in _ROUTES
    )


def _builder(server: OpenSsh) -> Callable[[Path], None]:
    def build(directory: Path) -> None:
        served = directory.parent / "served"
        for name in (*_ROUTES, "taken", "in"):
            (served / name).mkdir(parents=True)
        Plant.build(directory, _routes(served) + server.yaml())
        (directory / "formats").rename(directory.parent / "formats")
        config = directory / "config" / "gateway.yaml"
        config.write_text(config.read_text().replace("site:\n", "site:\n  formats: ../formats\n", 1))

    return build


def _send(plant: Plant, control: int) -> None:
    """Put one good and one bad file into each of the server's directories."""
    for number, name in enumerate(_ROUTES, 40):
        sender = f"MES{number}"
        first = number * 10_000 + control * 100
        place = plant.directory.parent / "served" / name
        for file, quantity in ((control, "480,000"), (control + 1, "4o,0")):
            content = confirmation(file, sender=sender, first=first, quantity=quantity)
            (place / name_of(file, sender)).write_bytes(content)


def _receiver(server: OpenSsh) -> Callable[[Path], dict[str, list[str]]]:
    def receive(directory: Path) -> dict[str, list[str]]:
        """Take every file whose done marker is there, with its side files."""
        wait_for(lambda: not server.sessions(), "the server has done what it was asked for")
        place = directory.parent / "served" / "in"
        names = []
        for marker in sorted(place.glob("[!.]*.done")):
            names += [marker.stem, f"{marker.stem}.sha256", marker.name]
        return {"server": taken_from(place, names)}

    return receive


@contextlib.contextmanager
def remote_day() -> Iterator[Day]:
    """Start a server and give the day that is spent with it."""
    with OpenSsh() as server:
        steps = (
            Step("morning", run_pass, lambda plant: _send(plant, 1)),
            Step("noon", run_pass, lambda plant: _send(plant, 3), hour=1),
            Step("afternoon", run_pass, hour=6),
            Step("day after", run_pass, hour=30),
        )
        yield Day("remote", _builder(server), steps, _receiver(server))
