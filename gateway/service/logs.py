"""Every record of the log in one form: lines for people, or JSON for programs.

What stood in a file or its name is data: nothing of it ends a line or reaches a terminal as a control
character, and no line grows without bound.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, TextIO, TypeVar

from gateway.cli.output import json_text
