"""`gateway verify`: is everything where the records say, with the bytes that they say?"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, print_json, size
from gateway.errors import SiteBusy


@click.command()
@json_option
@click.pass_obj
def verify(shared: Shared, as_json: bool) -> int:
    """Read every archived file and compare it with day lists, manifests, ledger and audit trail.

    Leaves with 60 where anything is altered, missing or unexpected, with 61 where it is the audit trail.
    """
    from gateway.custody.guard import SiteGuard
    from gateway.operations.opening import open_site
    from gateway.operations.verifying import verify_audit, verify_site

    with contextlib.ExitStack() as stack:
        context = stack.enter_context(open_site(shared.directory()))
        try:
            stack.enter_context(SiteGuard(context.site.directory))
        except SiteBusy:
            click.echo(
                "A gateway is working on this site: a file being settled may show as a difference.", err=True
            )
        with _progress() as progress:
            report = verify_site(context, progress)
        broken, entries = verify_audit(context)
    groups = {kind.value: report.listed[kind] for kind in report.listed}
    if as_json:
        print_json(
            {
                "files": report.files,
                "bytes": report.bytes,
                "totals": {kind.value: count for kind, count in report.totals.items()},
                **{
                    kind: [
                        {
                            "path": one.path,
                            "detail": one.detail,
                            "expected": one.expected,
                            "actual": one.actual,
                        }
                        for one in found
                    ]
                    for kind, found in groups.items()
                },
                "audit": {"entries": entries, "problems": broken},
            }
        )
    else:
        for kind, found in groups.items():
            for one in found:
                click.echo(f"{kind}: {one.path}: {one.detail}")
                if one.expected or one.actual:
                    click.echo(f"    recorded {one.expected or 'nothing'}, found {one.actual or 'nothing'}")
        for problem in broken:
            click.echo(f"{problem['code']}: {problem['message']}")
        totals = ", ".join(f"{count} {kind.value}" for kind, count in report.totals.items())
        click.echo(
            f"{report.files} files ({size(report.bytes)}) and {entries} audit entries checked: {totals}."
        )
    if not report.is_clean:
        return 60
    return 61 if broken else 0


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str, int], None] | None]:
    """Show a counter while a person looks; nothing where the output goes to a file or a program."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.completed} bytes"), TransferSpeedColumn(), transient=True
    ) as bar:
        task = bar.add_task("verify", total=None)
        yield lambda _path, count: bar.update(task, advance=count)
