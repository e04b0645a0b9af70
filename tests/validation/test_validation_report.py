"""The report beside a failed file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.finding_codes import CODES, finding
from gateway.findings import Findings
from gateway.printable import printable
from gateway.validation.report import WIDTH, report_text
from tests.validation.validation_kit import GOOD, make_format, read


def report(findings: Findings, name: str = "a.csv") -> str:
    """Return the report on these findings."""
    return report_text(name, findings.summary(), {"Route": "confirmations", "transfer": "T-17"})


def test_report_reads_from_the_whole_to_the_detail() -> None:
    """Verdict and totals come first, then the envelope, then the values, then what to do."""
    text = GOOD.replace("tail;2", "tail;3").replace("1,5;", "1,5005;")
    shown = report(read(make_format(), text)[0].findings)
    assert "Route:    confirmations\nTransfer: T-17" in shown
    assert "3 errors, 0 warnings. The file was not accepted; nothing of it was delivered." in shown
    places = [
        shown.index(part)
        for part in (
            "What is wrong, with exact totals",
            "THE ENVELOPE",
            "tail.count states 3 records; 2 of item were found.",
            "VALUES",
            'record 2, line 2: quantity is "1,5005": at most 3 decimals are allowed',
            "WHAT TO DO NEXT",
            CODES["F303"].action,
            'gateway reprocess T-17 --corrected FILE --reason "..."',
        )
    ]
    assert places == sorted(places)


def test_capped_lists_say_how_many_more() -> None:
    """A million wrong rows are a short report that says the true number."""
    findings = Findings()
    sample = [finding("F302", f"n is {number}", rule="number", record=number) for number in range(1, 21)]
    findings.extend(sample, 1_000_000)
    shown = report(findings)
    assert "   1,000,000  F302 not-a-number" in shown
    assert "... and 999,980 more" in shown
    assert len(shown.splitlines()) < 60


def test_raw_value_is_shown_where_the_message_does_not() -> None:
    """The value stands once: in the message, or after it."""
    findings = Findings()
    findings.add(finding("F205", "stated 3, found 2", value="003"))
    findings.add(finding("F302", 'n is "x"', value="x"))
    shown = report(findings)
    assert 'stated 3, found 2 (the value is "003")' in shown
    assert 'n is "x"\n' in shown


def test_warnings_alone_do_not_say_refused() -> None:
    """A file with warnings only is not called refused."""
    findings = Findings()
    findings.add(finding("F805", "5 is missing"))
    assert "0 errors, 1 warning. No error." in report(findings)


def test_listed_findings_beyond_the_file_limit_are_still_counted() -> None:
    """A rule whose findings did not fit into the list keeps its line and its total."""
    findings = Findings(per_file=1)
    findings.add(finding("F205", "first", line=1))
    findings.add(finding("F302", "second", line=2))
    assert "1 of these, none listed" in report(findings)


def test_a_report_without_findings_or_transfer() -> None:
    """A file that failed for another reason has its facts, and no commands that would lead nowhere."""
    shown = report_text("a.csv", {}, {"reason": "the sender withdrew it"})
    assert "Reason: the sender withdrew it" in shown
    assert "reprocess" not in shown


def test_names_and_values_cannot_write_to_the_terminal() -> None:
    """Escape sequences, line ends and bytes that are no text are shown, not sent."""
    findings = Findings()
    findings.add(finding("F302", 'n is "\x1b[31m\r\n"', value="\x9b\u202e\x00"))
    shown = report(findings, "a\n\x1b]0;x\x07\udcff.csv")
    assert "REPORT ON a\\n\\x1b]0;x\\x07\\xff.csv" in shown
    assert 'n is "\\x1b[31m\\r\\n" (the value is "\\x9b\\u202e\\x00")' in shown


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_makes_a_plain_report(name: str, value: str) -> None:
    """Whatever stands in a file or its name, the report is printable lines of at most 100 columns."""
    findings = Findings()
    findings.add(finding("F302", f"n is {value}", value=value[::-1], column=name, rule=name))
    shown = report(findings, name)
    assert all(line.isprintable() and len(line) <= WIDTH for line in shown.split("\n"))
    shown.encode()


@given(st.text())
def test_printable_text_stays_as_it_is(text: str) -> None:
    """Only what cannot be printed is escaped."""
    assert printable(printable(text)) == printable(text)
    assert not text.isprintable() or printable(text) == text
