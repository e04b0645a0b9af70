"""The command `gateway`: finds the command asked for, and turns errors into words and exit statuses."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gateway import __version__
from gateway.errors import GatewayError

#: Where each command lives; a module is imported only when its command runs or is described.
COMMANDS = {
    "init": ("gateway.cli.init", "init", "Create a site: configuration, formats, directories."),
    "demo": ("gateway.cli.demo", "demo", "Watch sample files of all kinds go through a fresh site."),
    "run": ("gateway.cli.run", "run", "Run passes over the routes: once, or until stopped."),
    "status": ("gateway.cli.status", "status", "What is where: counts, waiting files, deliveries, gaps."),
    "failed": ("gateway.cli.failed", "failed", "Failed files: list, show, export."),
    "reprocess": ("gateway.cli.reprocess", "reprocess", "Try failed files again, as they are or corrected."),
    "replay": ("gateway.cli.reprocess", "replay", "Deliver processed files again."),
    "hold": ("gateway.cli.hold", "hold", "Files that wait for their predecessor: list, release."),
    "sequence": ("gateway.cli.sequence", "sequence", "Streams of control numbers: status, waive, reset."),
    "duplicates": ("gateway.cli.duplicates", "duplicates", "Files that were recognised as duplicates."),
    "validate": ("gateway.cli.validate", "validate", "Check a file against a format, without a site."),
    "formats": ("gateway.cli.formats", "formats", "Format versions: list, show, check."),
    "verify": ("gateway.cli.verify", "verify", "Check archive, manifests and ledger against each other."),
    "audit": ("gateway.cli.audit", "audit", "The audit trail: log, verify, export."),
    "config": ("gateway.cli.config", "config", "The configuration: check, show."),
}


class LazyCommands(click.Group):
    """A group that knows its commands by name and imports each only on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """Return the names in the order in which people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click passes it
        """Import and return the command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _help = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click passes it
        """List the commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_module, _attribute, text) in COMMANDS.items()])


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
    cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="gateway")
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    envvar="GATEWAY_SITE",
    help="Directory of the site. Default: the nearest directory upwards with config/gateway.yaml.",
)
@click.option("--actor", envvar="GATEWAY_ACTOR", help="Who acts, for the audit trail. Default: the user.")
@click.pass_context
def gateway(ctx: click.Context, site: Path | None, actor: str | None) -> None:
    """File-exchange gateway between MES and ERP: complete, valid, in order, once, with proof."""
    ctx.obj = Shared(site, actor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with the exit status of what happened."""
    try:
        status: Any = gateway.main(
            args=list(arguments) if arguments is not None else None, standalone_mode=False
        )
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except GatewayError as error:
        click.echo(f"gateway: {error}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # the reader of our output went away (`| head`); there is nobody left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    main()
