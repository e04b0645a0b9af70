"""Confirmation files of realistic content, as many and as long as a benchmark wants."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

_ROW = (
    "C;{line};1100;{order:012d};{operation};{number:010d};{counter:08d};{good};{scrap};;KG;15;42,5;30;MIN;"
    "DISP-01;17.11.2026;17.11.2026 06:00:00;17.11.2026 06:45:00;J;;B26-{batch:05d};{reason}"
)


def confirmation_lines(control: int, rows: int, first_number: int, broken: bool = False) -> Iterator[str]:
    """Yield the lines of one confirmation 1.1.0 file; ``broken`` makes every row wrong."""
    yield f"H;CNF-BENCH-{control:07d};BENCH;ERPPRD;{control:07d};1.1;17.11.2026 14:05:02"
    total = Decimal(0)
    for line in range(1, rows + 1):
        number = first_number + line
        good = Decimal(480_000 + number % 7_000) / 1000
        total += good
        scrap = number % 5 == 0
        yield _ROW.format(
            line=line,
            order=1_000_241 + number // 6,
            operation="10" if broken else f"{(number % 6 + 1) * 10:04d}",
            number=number,
            counter=1,
            good="4B0,5" if broken else f"{good:.3f}".replace(".", ","),
            scrap="2,4" if scrap else "0",
            batch=number % 100_000,
            reason="0005" if scrap else "",
        )
    yield f"T;{rows};{total:.3f}".replace(".", ",")


def write_confirmation(path: Path, control: int, rows: int, first_number: int, broken: bool = False) -> None:
    """Write one file to ``path``."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.writelines(line + "\r\n" for line in confirmation_lines(control, rows, first_number, broken))


def write_small_files(directory: Path, files: int, rows: int = 25, first: int = 1) -> None:
    """Write ``files`` files of about 4 KB, numbered from ``first`` on, no record twice."""
    for control in range(first, first + files):
        name = f"CONF_BENCH_{control:07d}.csv"
        write_confirmation(directory / name, control, rows, control * rows)
