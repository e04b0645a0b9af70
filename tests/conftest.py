"""What all tests share: how hypothesis searches."""

from __future__ import annotations

import os

from hypothesis import settings

# Machines differ in speed, so no example has a deadline; a build on CI tries the same examples
# every time, so that its verdict is about the change and not about luck.
settings.register_profile("gateway", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("gateway")
