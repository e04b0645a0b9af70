"""`python -m tests.compare.regenerate`: writes every kept report anew, to be looked at first."""

from __future__ import annotations

import sys

from tests.compare.goldens import DIRECTORY, goldens


def main() -> None:
    """Write what has changed and name it; what is made no more goes."""
    made = goldens()
    for path in DIRECTORY.iterdir():
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        path = DIRECTORY / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
