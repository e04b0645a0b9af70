"""`python3 -m gateway`: the command line; in a source checkout its libraries are installed first."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an old Python shall hear it in words, not as a syntax error
    sys.exit("gateway: Python 3.11 or newer is needed; this is " + sys.version.split()[0])

from gateway._bootstrap import ensure

ensure()

from gateway.cli.main import main  # noqa: E402 - importable only now

if __name__ == "__main__":
    main()
