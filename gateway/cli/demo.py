"""`gateway demo`: sample files of all kinds, good and bad, go through a fresh site before your eyes."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.output import print_lines, print_table, say, width
from gateway.errors import VerificationFailed

if TYPE_CHECKING:
    from gateway.operations.demo import Outcome
    from gateway.stages.context import Context

#: Findings of one file that are shown; `gateway failed show` has them all.
_SHOWN = 3


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make the site in this new or empty directory, and keep it.",
)
@click.option("--keep", is_flag=True, help="Keep the site, and say where it is.")
def demo(directory: Path | None, keep: bool) -> None:
    """Watch sample files of all six message types, good and bad, go through a fresh site.

    Partners are played; passes and commands are the real ones. Nothing outside the site's
    directory is touched, and without --dir or --keep it is removed at the end.
    """
    with _place(directory, keep) as place:
        _tell(place, kept=keep or directory is not None)


@contextlib.contextmanager
def _place(directory: Path | None, keep: bool) -> Iterator[Path]:
    """Yield the directory of the site; a temporary one is removed however the demo ends."""
    if directory is not None:
        yield directory.absolute()
    elif keep:
        yield Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    else:
        with tempfile.TemporaryDirectory(prefix="gateway-demo-") as temporary:
            yield Path(temporary)


def _tell(place: Path, *, kept: bool) -> None:
    from gateway.operations.demo import ACTS, play, prepare
    from gateway.operations.opening import working_on

    prepare(place)
    say(f"A fresh site in {place}: six routes between an MES and an ERP, formats, inboxes.")
    for number, act in enumerate(ACTS, 1):
        _chapter(f"{number}. {act.title}")
        with working_on(place) as context:
            _print_outcomes(context, play(context, act))
    _commands(place, len(ACTS) + 1)
    _close(place, kept=kept)


def _chapter(title: str) -> None:
    say("")
    click.secho(title, bold=True)
    click.secho("=" * min(width(), len(title)), bold=True)


def _print_outcomes(context: Context, outcomes: Sequence[Outcome]) -> None:
    """Print route by route what became of each file, and why."""
    names = list(dict.fromkeys(one.route for one in outcomes))
    for name in names:
        rows = [one for one in outcomes if one.route == name]
        say("")
        say(f"{name}: {context.site.route(name).description}")
        print_table(
            "",
            ("  became", "file", "what the sender did"),
            [(f"  {one.became}", one.name, one.note) for one in rows],
            empty="",
            wraps=("file",),
            below=[_why(one) for one in rows],
        )


def _why(one: Outcome) -> list[str]:
    """Return in words why a file is where it is."""
    if one.transfer is None:
        return [f"{one.arrival.reason_code}: {one.arrival.reason}"] if one.arrival else []
    row = one.transfer
    listed = (row.findings or {}).get("listed", [])
    lines = [
        f"{each['code']} line {each['line']}: {each['message']}" if each.get("line")
        else f"{each['code']}: {each['message']}"
        for each in listed[:_SHOWN]
    ]  # fmt: skip
    total = (row.findings or {}).get("errors", 0) + (row.findings or {}).get("warnings", 0)
    if total > len(lines):
        lines.append(f"and {total - len(lines)} more: gateway failed show {row.name}")
    if one.became == "processed":
        proofs = ", ".join(each.kind for each in row.evidence)
        return [f"{row.records} records, whole by {proofs}; delivered to {', '.join(one.delivered)}", *lines]
    if one.became == "held" or not lines:
        return [f"{row.reason_code}: {row.reason}" if row.reason_code else str(row.reason), *lines]
    return lines


def _commands(place: Path, number: int) -> None:
    """Show the operator's side with the real commands."""
    from gateway.operations.demo import MENDED, content

    failed = MENDED.target
    mended = place / "corrected" / failed
    mended.parent.mkdir()
    mended.write_bytes(content("confirmation", MENDED))

    _chapter(f"{number}. What an operator sees, and does about it")
    _call(place, "failed", "list")
    _call(place, "failed", "show", failed)
    say("")
    print_lines(
        f"Somebody mends the line in a copy, {mended.relative_to(place)}. It goes in with a reason:", 0
    )
    why = "31 November was the 18th, says the shift lead"
    _call(place, "reprocess", failed, "--corrected", str(mended), "--reason", why)
    _call(place, "run", "--once", "--route", "confirmations")
    _chapter(f"{number + 1}. Order, duplicates, and what waits")
    _call(place, "sequence", "status")
    _call(place, "hold", "list")
    _call(place, "duplicates")
    _call(place, "status")
    _chapter(f"{number + 2}. Proof, with the gateway and without")
    _call(place, "verify")
    _call(place, "audit", "verify")
    _sha256sum(place)


def _call(place: Path, *words: str) -> None:
    """Print a command as a person types it, and run it; what it prints is its own.

    Leaves the demo with the command's exit status where that tells of more than failed files.
    """
    from gateway.cli.main import gateway

    say("")
    click.secho(f"$ gateway {shlex.join(words)}".replace(f"{place}/", ""), bold=True)
    try:
        gateway.main(["--site", str(place), *words])
    except SystemExit as end:
        if end.code not in (0, 1):
            raise


def _sha256sum(place: Path) -> None:
    """Check the archive with the tool that every system has, where this one has it."""
    program = shutil.which("sha256sum")
    lists = sorted(place.glob("processed/*/*/manifest-sha256.txt"))
    if program is None or not lists:
        return
    day = lists[0].parent
    say("")
    click.secho(f"$ cd {day.relative_to(place)} && sha256sum -c {lists[0].name}", bold=True)
    done = subprocess.run(  # noqa: S603 - a fixed program on our own list
        [program, "-c", lists[0].name], cwd=day, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, errors="replace", check=False,
    )  # fmt: skip
    for line in (done.stdout + done.stderr).splitlines():
        say(line)
    if done.returncode:
        raise VerificationFailed(where=str(lists[0]))


def _close(place: Path, *, kept: bool) -> None:
    say("")
    if not kept:
        say("The site is removed now. `demo --keep` keeps it, `init DIR` makes a real one.")
        return
    program = "python3 -m gateway" if sys.argv[0].endswith("__main__.py") else "gateway"
    say(f"The site is kept in {place}: inbox/, outbox/, processed/, failed/, duplicates/.")
    say(f"Look around: {program} --site {place} status")
