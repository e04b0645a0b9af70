"""What the JSON of each command means: stable keys, documented here and held to by the tests.

A path is written as a program goes it: ``[].gaps[].first``. Where a value is an object of its
own with a form described elsewhere, the path ends there.
"""

from __future__ import annotations

Keys = tuple[tuple[str, str], ...]

#: Paths below which the form is described elsewhere.
OPEN = (
    "findings", "old", "new", "versions", "envelope", "difference.changes[]", "states", "counts", "totals",
)  # fmt: skip

_TRANSFER: Keys = (
    ("transfer", "id of the transfer"),
    ("route", "its route"),
    ("partner", "the route's partner"),
    ("message_type", "what the file means"),
    ("name", "the file's name as it is shown: unprintable characters escaped"),
    ("state", "where the transfer stands: failed, processed, duplicate, held, ..."),
    ("attempt", "number of the present attempt, from 1"),
    ("size", "bytes"),
    ("sha256", "of the file's bytes"),
    ("arrived_at", "when it was proved complete"),
    ("settled_at", "when its disposition was carried out, or null"),
    ("path", "where it rests, relative to the site, or null"),
    ("code", "the finding code that decided, or null"),
    ("reason", "why, in words, or null"),
    ("errors", "exact number of findings that refuse the file"),
    ("warnings", "exact number of findings that are only noted"),
    ("control_number", "the sender's sequence value, or null"),
    ("verdict", "resend, conflict, copy, record-duplicate, or null"),
    ("parent", "the failed transfer that this one corrects, or null"),
    ("superseded_by", "the transfer with the corrected file, or null"),
)

_GAP: Keys = (
    ("first", "first missing number, as the sender writes it"),
    ("last", "last missing number"),
    ("count", "how many numbers are missing"),
    ("since", "when the first was missed"),
)

_HOLD: Keys = (
    ("transfer", "id of the held transfer"),
    ("route", "its route"),
    ("name", "the file's name as it is shown"),
    ("stream", "its stream of control numbers"),
    ("control_number", "its number"),
    *((f"waiting_for[].{key}", text) for key, text in _GAP),
    ("since", "held since"),
    ("age_seconds", "held for so long"),
    ("held_until", "its deadline, or null"),
    ("overdue", "whether the deadline has passed"),
)

_PROBLEM: Keys = (
    ("file", "the file with the problem"),
    ("line", "line from 1, where known"),
    ("column", "column from 1, where known"),
    ("path", "place in the document, where known"),
    ("message", "what is wrong"),
    ("found", "what stands there, where known"),
    ("allowed", "what may stand there, where known"),
)

_DIFFERENCE: Keys = (
    ("path", "relative to the site"),
    ("detail", "what is the matter"),
    ("expected", "SHA-256 as recorded, or null"),
    ("actual", "SHA-256 as found, or null"),
)

_AUDIT_PROBLEM: Keys = (
    ("code", "what happened to the trail, e.g. `audit-altered`"),
    ("entry", "the first entry that is not as it was written, or null"),
    ("message", "the same in words"),
)

_AGAIN: Keys = (
    ("transfer", "id of the transfer"),
    ("name", "the file's name as it is shown"),
    ("attempt", "the new attempt"),
)


def _under(path: str, keys: Keys) -> Keys:
    return tuple((f"{path}.{key}", text) for key, text in keys)


#: Command -> its keys. `findings` is described in docs/findings.md, audit entries in the ledger's pages.
KEYS: dict[str, Keys] = {
    "run": (
        ("[].route", "the route"),
        ("[].taken", "files taken by this pass"),
        ("[].waiting", "files seen and not taken"),
        ("[].counts", "files settled or held by state; `settled` and `held` list the first 1,000"),
        *((f"[].{list_}[].{key}", text)
          for list_ in ("settled", "held")
          for key, text in _TRANSFER
          if key in ("transfer", "name", "state", "verdict", "code", "reason", "path")),
        ("[].problems[].transfer", "the transfer that could not go on, or null"),
        ("[].problems[].name", "its file's name, or null"),
        ("[].problems[].code", "code of the error, see docs/exit-codes.md"),
        ("[].problems[].text", "the error in words"),
    ),
    "status": (
        ("site", "the site's name"),
        ("directory", "its directory"),
        ("at", "when this was asked"),
        ("working.pid", "process of the gateway at work; `working` is null where there is none"),
        ("working.host", "its host"),
        ("working.since", "since when"),
        ("routes[].route", "the route"),
        ("routes[].configured", "whether it is in the configuration"),
        ("routes[].enabled", "whether passes look at it"),
        ("routes[].waiting", "files seen and not taken"),
        ("routes[].failed_open", "failed files that nobody has corrected"),
        ("routes[].states", "number of transfers by state, all states"),
        ("waiting_total", "exact number of waiting files; at most 1,000 are listed"),
        ("waiting[].route", "the route"),
        ("waiting[].name", "the file's name as it is shown"),
        ("waiting[].first_seen_at", "when it was seen first"),
        ("waiting[].age_seconds", "for how long it has been there"),
        ("waiting[].size", "bytes when last seen"),
        ("waiting[].code", "finding code of what it waits for"),
        ("waiting[].reason", "what it waits for"),
        ("waiting[].stuck", "whether waiting longer will not help, or is longer than the route finds normal"),
        ("held_total", "exact number of held files; at most 1,000 are listed"),
        *_under("held[]", _HOLD),
        ("deliveries_total", "exact number of open deliveries; at most 1,000 are listed"),
        ("deliveries[].transfer", "id of the transfer"),
        ("deliveries[].route", "its route"),
        ("deliveries[].name", "the file's name as it is shown"),
        ("deliveries[].destination", "where it goes"),
        ("deliveries[].state", "pending or staged"),
        ("deliveries[].tries", "tries so far"),
        ("deliveries[].next_try_at", "not before, or null for the next pass"),
        ("deliveries[].last_error", "why the last try failed, or null"),
        ("gaps[].stream", "the stream"),
        *_under("gaps[]", _GAP),
        ("gaps[].age_seconds", "missing for so long"),
    ),
    "failed list": _under("[]", _TRANSFER),
    "failed show": (
        *_TRANSFER,
        ("file", "where its bytes are now"),
        ("findings", "exact totals and the listed findings"),
        ("rows[].line", "physical line"),
        ("rows[].text", "the row as it stands in the file, a long one cut around the wrong value"),
        ("attempts[].number", "from 1"),
        ("attempts[].actor", "who asked for it"),
        ("attempts[].reason", "why"),
        ("attempts[].started_at", "when it began"),
        ("attempts[].ended_at", "when it ended, or null"),
        ("attempts[].outcome", "failed, processed, duplicate, or null"),
        ("attempts[].detail", "more on the outcome, or null"),
        ("deliveries[].attempt", "the attempt it belongs to"),
        ("deliveries[].destination", "where it goes"),
        ("deliveries[].state", "pending, staged or delivered"),
        ("deliveries[].tries", "tries so far"),
        ("deliveries[].last_error", "why the last try failed, or null"),
        ("deliveries[].next_try_at", "not before, or null"),
        ("deliveries[].target", "its name there"),
        ("deliveries[].delivered_at", "when it was confirmed, or null"),
    ),
    "reprocess": _under("[]", _AGAIN),
    "reprocess --dry-run": (
        ("[].transfer", "id of the transfer"),
        ("[].name", "the file's name as it is shown"),
        ("[].outcome", "what would become of it"),
        ("[].verdict", "the duplicate verdict it would get, or null"),
        ("[].errors", "how many errors it would have"),
        ("[].explanation", "why"),
    ),
    "reprocess --corrected": (
        ("failed", "id of the failed transfer"),
        ("corrected", "id of the new transfer, null with --dry-run"),
        ("difference.total", "fields that differ; `difference` is null where the format is not known"),
        ("difference.complete", "whether all records were compared"),
        ("difference.changes[]", "record_type, record, line, column, old, new of each listed change"),
    ),
    "replay": _under("[]", _AGAIN),
    "hold list": _under("[]", _HOLD),
    "hold release": (
        ("[].transfer", "id of the transfer that may go"),
        ("[].name", "the file's name as it is shown"),
    ),
    "sequence status": (
        ("[].stream", "the stream: route and sender"),
        ("[].route", "its route"),
        ("[].model", "counter, chain, timestamp or none"),
        ("[].order", "strict or report"),
        ("[].last", "the number accepted last, or null"),
        ("[].expected", "the number that can go next, or null for any"),
        ("[].held[]", "numbers that wait"),
        *_under("[].gaps[]", _GAP),
    ),
    "sequence waive": _under("given_up[]", _GAP),
    "sequence reset": (("expected", "the number expected next"), *_under("given_up[]", _GAP)),
    "duplicates": _under("[]", _TRANSFER),
    "validate": (
        ("file", "the file as it was named"),
        ("format", "message type and version, or null where none fits"),
        ("sha256", "of the file's bytes"),
        ("size", "bytes"),
        ("records", "business records"),
        ("envelope", "fields of headers and trailers by `record_type.field`"),
        ("findings", "exact totals and the listed findings"),
    ),
    "formats list": (
        ("[].message_type", "what its files mean"),
        ("[].version", "major.minor.patch"),
        ("[].status", "draft, released, retired, or broken where it cannot be loaded"),
        ("[].lock", "draft, locked, not locked, CHANGED, or unknown where version or lock cannot be read"),
        ("[].kind", "delimited, fixed-width, xml or json; null where broken"),
        ("[].title", "in words; null where broken"),
        ("[].digest", "SHA-256 over its files; null where broken"),
        ("[].effective_from", "first day, or null"),
        ("[].effective_until", "last day, or null"),
        ("[].directory", "where it stands"),
    ),
    "formats show": (
        ("message_type", "what its files mean"),
        ("version", "major.minor.patch"),
        ("status", "draft, released or retired"),
        ("kind", "delimited, fixed-width, xml or json"),
        ("title", "in words"),
        ("description", "in more words"),
        ("digest", "SHA-256 over its files"),
        ("directory", "where it stands"),
        ("encoding", "declared character set"),
        ("file_name", "regular expression of file names, or null"),
        ("record_types[].name", "a kind of row"),
        ("record_types[].role", "header, record or trailer"),
        ("record_types[].description", "in words"),
        ("record_types[].key[]", "fields of the record key"),
        ("record_types[].fields[].name", "a field"),
        ("record_types[].fields[].type", "how its text is understood"),
        ("record_types[].fields[].presence", "required, may be empty, or optional"),
        ("record_types[].fields[].limits[]", "what its values are held to, in words"),
        ("record_types[].fields[].description", "in words"),
        ("rules[].id", "a rule"),
        ("rules[].kind", "compare, required, unique, ..."),
        ("rules[].record_type", "rows it is about"),
        ("rules[].severity", "error or warning"),
        ("rules[].message", "in words"),
    ),
    "formats new": (
        ("version", "the draft that was made, TYPE@VERSION"),
        ("directory", "where it stands"),
        ("copied_from", "the version that it is a copy of"),
    ),
    "formats lock": (
        ("[].item", "what was locked: a version or a mapping"),
        ("[].digest", "SHA-256 over its files"),
        ("[].files", "how many files it has"),
        ("[].was_locked", "it was locked already with these bytes: nothing was done"),
    ),
    "formats retire": (
        ("version", "the version, TYPE@VERSION"),
        ("was_retired", "it was retired already: nothing was done"),
    ),
    "formats approve": (
        ("fingerprint", "of the change"),
        ("old", "the version that is changed"),
        ("new", "the version that it becomes"),
        ("kind", "kind of change"),
        ("path", "where in the definition it is"),
    ),
    "formats check": (("checked", "format versions looked at"), *_under("problems[]", _PROBLEM)),
    "verify": (
        ("files", "files read to their end"),
        ("bytes", "bytes read"),
        ("totals", "exact number of differences: altered, missing, unexpected, leftover"),
        *_under("altered[]", _DIFFERENCE),
        *_under("missing[]", _DIFFERENCE),
        *_under("unexpected[]", _DIFFERENCE),
        *_under("leftover[]", _DIFFERENCE),
        ("audit.entries", "audit entries checked"),
        *_under("audit.problems[]", _AUDIT_PROBLEM),
    ),
    "audit log": (
        ("[].sequence", "number of the entry, from 1"),
        ("[].at", "when"),
        ("[].actor", "who"),
        ("[].role", "operator or gateway"),
        ("[].host", "where"),
        ("[].action", "what was done"),
        ("[].object_type", "transfer or stream"),
        ("[].object_id", "to which"),
        ("[].old", "what was, or null"),
        ("[].new", "what is now, or null"),
        ("[].reason", "why, or null"),
        ("[].outcome", "`ok`, or what went wrong"),
        ("[].versions", "of gateway and configuration"),
        ("[].previous", "hash of the entry before"),
        ("[].hash", "hash of this entry"),
    ),
    "audit verify": (("entries", "entries checked"), *_under("problems[]", _AUDIT_PROBLEM)),
    "config check": (
        ("site", "the site's name"),
        ("routes", "number of routes"),
        *_under("problems[]", _PROBLEM),
    ),
}  # fmt: skip
