"""`python3 -m tests`: the whole default suite; what it needs is installed first.

Arguments go to pytest: `python3 -m tests -k sequence`. `--where` runs nothing and prints the
interpreter that has pytest, ruff and mypy.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an old Python shall hear it in words, not as a syntax error
    sys.exit("gateway: Python 3.11 or newer is needed; this is " + sys.version.split()[0])

from gateway._bootstrap import ensure

ensure("test")

import os  # noqa: E402 - the libraries come first
from pathlib import Path  # noqa: E402

import pytest  # noqa: E402 - importable only now

if __name__ == "__main__":
    if sys.argv[1:] == ["--where"]:
        print(sys.executable)  # noqa: T201 - the output is what is asked for
        sys.exit()
    os.chdir(Path(__file__).resolve().parent.parent)
    sys.exit(pytest.main(sys.argv[1:]))
