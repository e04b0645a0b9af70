"""Collecting findings: capped lists with exact totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model import Finding, Severity

#: Findings listed per code, rule and column; the totals are exact whatever the cap.
LISTED_PER_RULE = 20
#: Findings listed per file over all rules.
LISTED_PER_FILE = 500

#: A damaged file makes counts, totals and fields wrong too: what is wrong with the bytes comes first.
_CAUSE_FIRST = {"F1": 0, "F5": 1, "F6": 1, "F2": 2, "F3": 3, "F4": 4}

Key = tuple[str, str, str, str]  # code, rule, record type, column


@dataclass(slots=True)
class Findings:
    """The findings of one file: the first few of each kind, and how many there are in truth."""

    per_rule: int = LISTED_PER_RULE
    per_file: int = LISTED_PER_FILE
    totals: dict[Key, int] = field(default_factory=dict)
    severities: dict[Key, Severity] = field(default_factory=dict)
    _listed: dict[Key, list[Finding]] = field(default_factory=dict)

    def add(self, finding: Finding, total: int = 1) -> None:
        """Count ``finding`` ``total`` times and list it while the cap allows."""
        self.extend([finding], total)

    def extend(self, sample: Iterable[Finding], total: int) -> None:
        """Count ``total`` findings of one kind, of which ``sample`` holds the first few.

        All of ``sample`` have the same code, rule, record type and column.
        """
        for finding in sample:
            key = (finding.code, finding.rule or "", finding.record_type or "", finding.column or "")
            listed = self._listed.setdefault(key, [])
            if total:
                self.totals[key] = self.totals.get(key, 0) + total
                self.severities[key] = finding.severity
                total = 0
            if len(listed) < self.per_rule:
                listed.append(finding)

    def room(self, code: str, rule: str = "", record_type: str = "", column: str = "") -> int:
        """Return how many more findings of this kind would be listed."""
        return self.per_rule - len(self._listed.get((code, rule, record_type, column), ()))

    @property
    def errors(self) -> int:
        """The exact number of findings that refuse the file."""
        return self._count(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """The exact number of findings that are only noted."""
        return self._count(Severity.WARNING)

    def _count(self, severity: Severity) -> int:
        return sum(n for key, n in self.totals.items() if self.severities[key] is severity)

    def listed(self) -> list[Finding]:
        """Return the listed findings in file order, at most ``per_file``."""
        every = [finding for group in self._listed.values() for finding in group]
        every.sort(key=lambda f: (f.line or 0, f.record or 0, f.byte_offset or 0))
        return every[: self.per_file]

    def headline(self) -> Finding | None:
        """Return the error that people should read first: the most physical one is the likely cause."""
        errors = [each for each in self.listed() if each.severity is Severity.ERROR]
        return min(errors, key=lambda each: _CAUSE_FIRST.get(each.code[:2], 9), default=None)

    def summary(self) -> dict[str, Any]:
        """Return exact totals and the capped list as JSON-ready data."""
        return {
            "errors": self.errors,
            "warnings": self.warnings,
            "totals": [
                {
                    "code": key[0],
                    "rule": key[1],
                    "record_type": key[2],
                    "column": key[3],
                    "count": count,
                    "severity": self.severities[key].value,
                }
                for key, count in sorted(self.totals.items())
            ],
            "listed": [finding.to_dict() for finding in self.listed()],
        }

    @classmethod
    def from_summary(cls, data: Mapping[str, Any]) -> Findings:
        """Return the findings that ``summary`` wrote, as far as they were listed."""
        findings = cls()
        for row in data.get("totals", ()):
            key = (row["code"], row["rule"], row["record_type"], row["column"])
            findings.totals[key] = row["count"]
            findings.severities[key] = Severity(row["severity"])
        for row in data.get("listed", ()):
            item = Finding.from_dict(row)
            key = (item.code, item.rule or "", item.record_type or "", item.column or "")
            findings._listed.setdefault(key, []).append(item)
        return findings
