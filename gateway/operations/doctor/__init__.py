"""What a site depends on, tried one by one: what was found, why it matters, and what to do."""

from __future__ import annotations

from gateway.operations.doctor.checks import Check, Examination, Verdict
from gateway.operations.doctor.examining import examine

__all__ = ["Check", "Examination", "Verdict", "examine"]
