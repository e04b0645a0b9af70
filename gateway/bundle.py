"""What ships with the program beside its code: formats, samples, the example configuration."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """Return the directory ``formats``, ``samples`` or ``config`` that came with this program.

    An installed wheel carries them inside the package; in a source checkout they stand beside it.
    Raises FileNotFoundError if they are in neither place.
    """
    for candidate in (_PACKAGE / "_bundle" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"{name} is missing from this installation")
