"""The command `gateway`: finds the command asked for, and turns errors into words and exit statuses."""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gateway import __version__
from gateway.errors import DiskFull, GatewayError, InternalError, UsageError

#: Where each command lives; a module is imported only when its command runs or is described.
COMMANDS = {
    "init": ("gateway.cli.init", "init", "Create a site: configuration, formats, directories."),
    "demo": ("gateway.cli.demo", "demo", "Watch sample files of all kinds go through a fresh site."),
    "run": ("gateway.cli.run", "run", "Run passes over the routes: once, or until stopped."),
    "status": ("gateway.cli.status", "status", "What is where, what waits and since when, what needs you."),
    "health": ("gateway.cli.health", "health", "Is the service at work as it should be?"),
    "doctor": ("gateway.cli.doctor", "doctor", "Look at all the site depends on; say what to do."),
    "alerts": ("gateway.cli.alerts", "alerts", "What people are told of, and whether they can be told."),
    "metrics": ("gateway.cli.metrics", "metrics", "What stands in the ledger, for Prometheus."),
    "failed": ("gateway.cli.failed", "failed", "Failed files: list, show, export."),
    "reprocess": ("gateway.cli.reprocess", "reprocess", "Try failed files again, as they are or corrected."),
    "retry": ("gateway.cli.retry", "retry", "Try at once what waits for its next try."),
    "replay": ("gateway.cli.reprocess", "replay", "Deliver processed files again."),
    "hold": ("gateway.cli.hold", "hold", "Files that wait for their predecessor: list, release."),
    "sequence": ("gateway.cli.sequence", "sequence", "Streams of control numbers: status, waive, reset."),
    "duplicates": ("gateway.cli.duplicates", "duplicates", "Files that were recognised as duplicates."),
    "validate": ("gateway.cli.validate", "validate", "Check a file against a format, without a trace."),
    "formats": ("gateway.cli.formats", "formats", "Format versions: list, show, check."),
    "trust": ("gateway.cli.trust", "trust", "Host keys of SFTP servers: show, accept, remove."),
    "verify": ("gateway.cli.verify", "verify", "Check archive, manifests and ledger against each other."),
    "ledger": ("gateway.cli.ledger", "ledger", "The ledger: check, backup, restore, rebuild."),
    "retention": ("gateway.cli.retention", "retention", "Old files: plan and approve their removal."),
    "audit": ("gateway.cli.audit", "audit", "The audit trail: log, verify, export."),
    "config": ("gateway.cli.config", "config", "The configuration: check, show."),
}

#: Who needs which command; each command stands in one section.
SECTIONS = {
    "Set up a site": ("init", "demo", "config", "trust", "formats", "validate"),
    "Operate it": (
        "run", "status", "failed", "reprocess", "retry", "replay", "hold", "sequence",
        "duplicates", "ledger", "retention",
    ),
    "Watch it": ("health", "doctor", "alerts", "metrics"),
    "Prove what happened": ("verify", "audit"),
}  # fmt: skip

#: Objects after which Python looks for garbage: fewer than any command loads that works on files.
_LOADED = 50_000
#: What a shell reports of a program that a signal ended: 128 and the signal's number.
INTERRUPTED, PIPE_CLOSED = 130, 141


class Gateway(click.Group):
    """The top command: knows its commands by name, imports each only on use, and says what went wrong."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """Return the names in the order in which people need them."""
        return [name for names in SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click passes it
        """Import and return the command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _help = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click passes it
        """List the commands by section from the table, without importing them."""
        longest = max(map(len, COMMANDS))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(longest), COMMANDS[name][2]) for name in names])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader of the output that went away (`| head`) ends it quietly."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            with contextlib.suppress(OSError, ValueError):
                # what is still buffered must not be complained about when Python ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(PIPE_CLOSED)

    def main(self, args: Sequence[str] | None = None, *_ignored: Any, **extra: Any) -> Any:
        """Run the command line and leave with the exit status of what happened."""
        _write_any_text()
        extra["standalone_mode"] = False
        extra["prog_name"] = "gateway"
        try:
            status = super().main(args, **extra)
        except click.exceptions.Abort:
            _complain("Stopped.")
            sys.exit(INTERRUPTED)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(UsageError.exit_status)
        except click.ClickException as error:
            refused = _usage(error)
            _complain(*refused.lines())
            sys.exit(refused.exit_status)
        except GatewayError as error:
            _complain(*error.lines())
            sys.exit(error.exit_status)
        except Exception as error:
            if os.environ.get("GATEWAY_TRACEBACK"):
                raise
            unforeseen = _unforeseen(error)
            _complain(*unforeseen.lines())
            sys.exit(unforeseen.exit_status)
        sys.exit(status if isinstance(status, int) else 0)


def _write_any_text() -> None:
    """Let a character that the terminal's encoding lacks come out escaped instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _complain(*lines: str) -> None:
    from gateway.printable import printable

    first, *more = map(printable, lines)
    with contextlib.suppress(BrokenPipeError):
        click.echo("\n".join([f"gateway: {first}", *(f"  {line}" for line in more)]), err=True)


def _usage(error: click.ClickException) -> UsageError:
    """Return what click has to say in the words of all other errors."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "gateway"
    return UsageError(error.format_message().rstrip("."), hint=f"`{path} --help` shows how it is called")


def _unforeseen(error: Exception) -> GatewayError:
    """Return a full disk under what is printed as what it is, everything else as a fault of the gateway."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        return DiskFull("Cannot write what is to be printed", cause=error)
    return InternalError(
        f"{type(error).__name__} in the gateway itself; nothing is lost, but this must be repaired",
        cause=error,
        hint="Set GATEWAY_TRACEBACK=1 and call it again to see where",
    )


@dataclass(frozen=True, slots=True)
class Shared:
    """What every command is told by the options before its name."""

    site: Path | None
    actor: str | None

    def directory(self) -> Path:
        """Return the site's directory: as given, else the nearest one upwards that holds a site."""
        if self.site is not None:
            return self.site.absolute()
        here = Path.cwd()
        for candidate in (here, *here.parents):
            if (candidate / "config" / "gateway.yaml").is_file():
                return candidate
        return here


@click.group(
    cls=Gateway,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`gateway COMMAND --help` says more. Exit statuses: 0 done; 1 done, and some files failed;"
    " 2 called wrongly; all others stand in docs/exit-codes.md.",
)
@click.version_option(__version__, prog_name="gateway")
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    envvar="GATEWAY_SITE",
    help="Directory of the site. Default: the nearest directory upwards with config/gateway.yaml.",
)
@click.option(
    "--actor",
    envvar="GATEWAY_ACTOR",
    help="Who acts, for the audit trail. Default: the user, behind sudo too.",
)
@click.pass_context
def gateway(ctx: click.Context, site: Path | None, actor: str | None) -> None:
    """File-exchange gateway between MES and ERP: complete, valid, in order, once, with proof."""
    ctx.obj = Shared(site, actor)


def main() -> None:
    """Run the command line of this process."""
    _keep_what_is_loaded()
    try:
        gateway()
    finally:
        gc.freeze()  # all there is goes with the process


def _keep_what_is_loaded() -> None:
    """Let Python not look through what a command loads for garbage: it stays as long as the process does.

    To look again and again while it grows, and once more at the end, took a third of a short command's time.
    """
    usual = gc.get_threshold()

    def from_now_on(_phase: str, _about: object) -> None:
        gc.callbacks.remove(from_now_on)
        gc.freeze()
        gc.set_threshold(*usual)

    gc.callbacks.append(from_now_on)
    gc.set_threshold(_LOADED, *usual[1:])


if __name__ == "__main__":
    main()
