"""From a fresh clone to a running gateway: the libraries are installed on first use.

Standard library only. A Debian or Ubuntu machine has Python, but often neither pip nor the means to
make an environment with one, and refuses installs into the system (PEP 668). So the first start
makes an environment of its own (`.venv` in the checkout) and continues inside it. An installed
gateway never comes here.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from gateway.errors import GatewayError, InstallationError

#: Set for the process that continues inside the environment, so that it never starts another.
_INSIDE = "GATEWAY_ENVIRONMENT"


def ensure(extra: str | None = None) -> None:
    """Return if the libraries (and those of ``extra``) are there; else continue where they are.

    Installs them first where that has not been done. Leaves the process with a clear error and its
    exit status where it cannot be done.
    """
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / "pyproject.toml").is_file():
        return
    inside = os.environ.pop(_INSIDE, None)
    try:
        # this too may be missing where only a part of the standard library is installed
        from gateway._bootstrap import requirements

        lacking = requirements.lacking(checkout, extra)
        if not lacking:
            return
        if inside:
            raise InstallationError(
                f"The environment lacks {', '.join(lacking)}", where=inside,
                hint="Remove the directory and start again",
            )  # fmt: skip
        from gateway._bootstrap import environment  # what installs is loaded only to install

        _continue_in(environment.provide(checkout, extra))
    except GatewayError as error:
        _leave(str(error), error.exit_status)
    except ModuleNotFoundError as error:
        _leave(f"this Python has no {error.name}. Install the rest of it: apt-get install python3-venv", 9)
    except KeyboardInterrupt:
        _leave("stopped; the next start begins the installation anew", 130)


def _continue_in(directory: Path) -> NoReturn:
    """Replace this process by the same command in the environment."""
    python = str(directory / "bin" / "python")
    os.environ[_INSIDE] = str(directory)
    os.execv(python, [python, *sys.orig_argv[1:]])  # noqa: S606 - the same command, our own interpreter


def _leave(message: str, status: int) -> NoReturn:
    print(f"gateway: {message}", file=sys.stderr)  # noqa: T201 - there is no library to print with yet
    sys.exit(status)
