"""What wakes a pass before it is due: events of the file system, where they work."""

from __future__ import annotations

from gateway.watching.probing import Probe, probe
from gateway.watching.watch import PROBE_PREFIX, Watch

__all__ = ["PROBE_PREFIX", "Probe", "Watch", "probe"]
