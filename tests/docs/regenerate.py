"""`python -m tests.docs.regenerate`: writes every generated page, and every generated part, anew."""

from __future__ import annotations

import sys

from tests.docs.pages import DOCS, PAGES, with_parts


def main() -> None:
    """Write what has changed and name it."""
    texts = {name: generate() for name, generate in PAGES.items()}
    for path in sorted(DOCS.rglob("*.md")):
        name = path.relative_to(DOCS).as_posix()
        texts.setdefault(name, with_parts(path.read_text(encoding="utf-8")))
    for name, text in texts.items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
