"""What the person at the terminal is told while there is no library to print with."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print one line; on standard error, so that output for programs stays clean."""
    print(f"gateway: {text}", file=sys.stderr, flush=True)  # noqa: T201 - nothing else is installed yet


def show_passing(text: str) -> None:
    """Show a line that the next one replaces, where a person looks."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text[:100]}", end="", file=sys.stderr, flush=True)  # noqa: T201 - as above
