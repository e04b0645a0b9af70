"""Showing how long work goes on: only while a person looks."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from gateway.printable import printable


def is_watched() -> bool:
    """Return whether a person looks: else what goes on need not even be put into words."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def spoken(first: str) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done; it shows nothing where nobody looks."""
    if not is_watched():
        yield lambda _text: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(first)) as status:
        yield lambda text: status.update(escape(printable(text)))


@contextlib.contextmanager
def counted(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Give a function that moves a bar on; it shows nothing where nobody looks."""
    if not is_watched():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.update(task, advance=count)
