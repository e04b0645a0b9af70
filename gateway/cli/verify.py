"""`gateway verify`: is everything where the records say, with the bytes that they say?"""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, say, size
from gateway.cli.progress import is_watched, spoken

if TYPE_CHECKING:
    from gateway.custody.differences import Difference, VerifyReport
    from gateway.ledger.checkpoint_lines import Trouble

#: What whoever sees a difference does next.
NEXT = (
    "Nothing was changed by this look. Before anything else keep a copy of the site as it is now; what to do"
    ' then stands in docs/tamper-evidence.md, "When something is found"'
)

#: What each kind of difference means to the person who finds it.
_MEANING = {
    "altered": "there, with other bytes than recorded",
    "missing": "recorded, and not there",
    "unexpected": "there, and not recorded",
    "leftover": "left by an interrupted write; harmless",
}


@click.command()
@json_option
@click.pass_obj
def verify(shared: Shared, as_json: bool) -> int:
    """Read every archived file and compare it with day lists, manifests, ledger and audit trail.

    The ledger's rows are compared with the trail and the manifests, formats and configuration with what
    is on record of them. Leaves with 60 where anything is altered, missing or unexpected, with 61 where it
    is the audit trail or its checkpoints alone.
    """
    from gateway.custody.guard import SiteGuard
    from gateway.errors import AuditBroken, SiteBusy, VerificationFailed
    from gateway.operations.opening import open_site
    from gateway.operations.verifying import verify_records, verify_site
    from gateway.operations.verifying_trail import verify_audit

    with contextlib.ExitStack() as stack:
        context = stack.enter_context(open_site(shared.directory(), actor=shared.actor))
        try:
            stack.enter_context(SiteGuard(context.site.directory))
        except SiteBusy:
            say("A gateway works on this site: a file being settled may show as a difference.", err=True)
        tell = stack.enter_context(spoken("Reading the archive"))
        seen = 0

        def step(path: str, count: int) -> None:
            nonlocal seen
            seen += count
            tell(f"{size(seen)} read; {path}")

        report = verify_site(context, step if is_watched() else None)
        broken, entries = verify_audit(context, lambda done, of: tell(f"{done:,} of {of:,} audit entries"))
        # a trail that is not whole is no measure for anything else
        is_measure = not any(one.code.startswith("audit-") for one in broken)
        records, total = (
            verify_records(context, lambda done: tell(f"{done:,} transfers compared"), report)
            if is_measure
            else ([], 0)
        )
    if as_json:
        print_json(_data(report, broken, entries) | {"records": records_data(records, total)})
    else:
        _print(report, broken, entries, records, total)
    if not report.is_clean or total:
        return VerificationFailed.exit_status
    return AuditBroken.exit_status if broken else 0


def _data(report: VerifyReport, broken: list[Trouble], entries: int) -> dict[str, Any]:
    return {
        "files": report.files,
        "bytes": report.bytes,
        "totals": {kind.value: count for kind, count in report.totals.items()},
        **{kind.value: [_difference(one) for one in found] for kind, found in report.listed.items()},
        "audit": {"entries": entries, "problems": [dataclasses.asdict(one) for one in broken]},
    }


def records_data(records: list[Trouble], total: int) -> dict[str, Any]:
    """Return what differs in the records as JSON-ready data: the first, and how many there are."""
    return {"total": total, "problems": [dataclasses.asdict(one) for one in records]}


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "code": one.code,
        "path": one.path,
        "detail": one.detail,
        "expected": one.expected,
        "actual": one.actual,
        "place": None if one.place is None else dataclasses.asdict(one.place),
    }


def _print(
    report: VerifyReport, broken: list[Trouble], entries: int, records: list[Trouble], total: int
) -> None:
    _print_files(report)
    for problem in broken:
        say_trouble(problem, "AUDIT TRAIL: ")
    for problem in records:
        say_trouble(problem, "RECORDS: ")
    if any(one.code.startswith("audit-") for one in broken):
        say("RECORDS: not compared, for the trail that they are compared with is not whole")
    if total > len(records):
        say(f"... and {total - len(records):,} more in the records")
    totals = ", ".join(f"{count:,} {kind.value}" for kind, count in report.totals.items() if count)
    if total:
        totals = ", ".join(filter(None, (totals, f"{total:,} in the records")))
    checked = f"{number(report.files, 'file')} ({size(report.bytes)})"
    say(
        f"{checked} and {number(entries, 'audit entry', 'audit entries')} checked: "
        f"{totals or ('files are as recorded' if broken else 'everything is as recorded')}."
    )
    if broken or total or not report.is_clean:
        say(NEXT)


def _print_files(report: VerifyReport) -> None:
    for kind, found in report.listed.items():
        if not found:
            continue
        say(f"{kind.value.upper()} ({report.totals[kind]:,}): {_MEANING[kind.value]}")
        for one in found:
            say(f"  {one.path}")
            say(f"    {one.code}: {one.detail}")
            if one.expected or one.actual:
                say(f"    recorded {one.expected or 'nothing'}")
                say(f"    found    {one.actual or 'nothing'}")
            if one.place is not None:
                line = f", line {one.place.line}" if one.place.line else ""
                say(f"    first    {one.place.pointer}{line}")
                say(f"             recorded {one.place.recorded}")
                say(f"             found    {one.place.found}")
        if report.totals[kind] > len(found):
            say(f"  ... and {report.totals[kind] - len(found):,} more")
        say("")


def say_trouble(one: Trouble, before: str, *, err: bool = False) -> None:
    """Print what is wrong with the evidence at one place: code, message, where, recorded and found."""
    say(f"{before}{one.code}: {one.message}", err=err)
    parts = (one.file, one.line and f"line {one.line}", one.entry and f"entry {one.entry}", one.column)
    where = ", ".join(str(part) for part in parts if part)
    if where:
        say(f"    where    {where}", err=err)
    if one.recorded is not None or one.found is not None:
        say(f"    recorded {one.recorded if one.recorded is not None else 'nothing'}", err=err)
        say(f"    found    {one.found if one.found is not None else 'nothing'}", err=err)
