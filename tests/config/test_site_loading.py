"""A site is loaded whole, or refused with all its problems at once."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from gateway.config.loading import known_site, load_site, redacted
from gateway.config.notation import seconds, size
from gateway.config.settings import FolderDestination, FolderSource, Route, SftpDestination, SftpSource, Site
from gateway.errors import ConfigurationError, ConfigurationMissing, SecretsMissing
from gateway.model import Problem
from gateway.rules import file_names
from gateway.rules.completeness import EvidenceKind
from gateway.rules.in_force import DatePolicy
from gateway.rules.sequence import Model, Order

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLE = REPOSITORY / "config" / "gateway.yaml"

MINIMAL = """\
schema: 1
site: {name: Plant}
routes:
  orders:
    partner: erp
    message_type: order
    destinations:
      mes: {path: outbox/mes}
"""


def site_with(directory: Path, text: str) -> Path:
    """Make a site whose configuration is ``text``."""
    (directory / "config").mkdir(exist_ok=True)
    (directory / "config" / "gateway.yaml").write_text(text, encoding="utf-8")
    return directory


def problems(directory: Path, text: str, **given: object) -> list[Problem]:
    """Return what is wrong with ``text``."""
    with pytest.raises(ConfigurationError) as refusal:
        load_site(site_with(directory, text), **given)  # type: ignore[arg-type]
    assert refusal.value.exit_status == 3
    return list(refusal.value.problems)


def route_with(*lines: str) -> str:
    """Return the minimal configuration with ``lines`` added to its route."""
    return MINIMAL + "".join(f"    {line}\n" for line in lines)


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    """A configuration that says only what it must shall mean the documented defaults."""
    site = load_site(site_with(tmp_path, MINIMAL))
    destination = FolderDestination("mes", tmp_path / "outbox" / "mes")
    source = FolderSource(tmp_path / "inbox" / "orders")
    route = Route("orders", "erp", "order", source, (destination,))
    digest = hashlib.sha256(MINIMAL.encode()).hexdigest()
    assert site == Site("Plant", tmp_path, (route,), formats=tmp_path / "formats", digest=digest)


def test_the_example_configuration_loads(tmp_path: Path) -> None:
    """The commented example shall be a valid site for all six message types."""
    text = EXAMPLE.read_text(encoding="utf-8")
    types = {entry.name for entry in (REPOSITORY / "formats").iterdir() if entry.is_dir()}
    site = load_site(site_with(tmp_path, text), types)
    assert {route.message_type for route in site.routes} == types
    evidence = {kind for route in site.routes for kind in route.completeness.require}
    assert evidence == set(EvidenceKind) - {EvidenceKind.NONE}
    confirmations = site.route("confirmations")
    assert (confirmations.sequence.model, confirmations.sequence.order) == (Model.COUNTER, Order.STRICT)
    assert site.route("orders").source.path == tmp_path / "inbox" / "orders"
    with pytest.raises(KeyError):
        site.route("unknown")


def test_what_the_example_only_mentions_is_valid_too(tmp_path: Path) -> None:
    """The blocks of the example that stand behind `#` shall be a valid configuration without it."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for block in ("servers", "alerts", "service"):
        text = re.sub(rf"(?m)^# {block}:\n(?:#   .*\n)+", lambda found: found[0].replace("# ", "", 1)
                      .replace("\n# ", "\n"), text)  # fmt: skip
    own = text[text.index("    source:\n      path: inbox/orders") : text.index("    # The same from")]
    text = re.sub(
        r"(?m)^    # source:\n(?:    #   .*\n)+", lambda found: found[0].replace("    # ", "    "), text
    )
    text = re.sub(
        r"(?m)^      erp:\n(?:        .*\n)+(?=      # )((?:      # .*\n)+)",
        lambda found: found[1].replace("      # ", "      ").partition("\n")[2],
        text,
    )
    site = known_site(site_with(tmp_path, text.replace(own, "")), environment={})
    assert isinstance(site.route("confirmations").destinations[0], SftpDestination)
    assert isinstance(site.route("orders").source, SftpSource)
    assert [site.servers[0].name, site.channels[0].name, site.alerts[0].to] == ["erp", "mail", ("mail",)]
    assert site.service.listen == ("127.0.0.1", 9420)
    assert len(site.missing_secrets) == 2


def test_the_example_takes_the_samples(tmp_path: Path) -> None:
    """Every sample shall have a name that its route takes, and orders one that gives their time."""
    site = load_site(site_with(tmp_path, EXAMPLE.read_text(encoding="utf-8")))
    for route in site.routes:
        samples = [
            sample.name
            for sample in (REPOSITORY / "samples" / route.message_type).glob("*/good/*")
            if not sample.name.endswith(".expect.yaml")
        ]
        assert samples
        assert all(file_names.matches_shell(route.source.pattern, name) for name in samples)
        if route.name_pattern:
            read = [file_names.match(route.name_pattern, name) for name in samples]
            assert all(groups and len(groups["control"]) == 14 for groups in read)


def test_no_configuration_is_told_apart_from_a_wrong_one(tmp_path: Path) -> None:
    """A directory without a configuration shall be refused with the way to make one."""
    with pytest.raises(ConfigurationMissing) as missing:
        load_site(tmp_path)
    assert missing.value.exit_status == 4
    assert "gateway init" in str(missing.value)
    (tmp_path / "config" / "gateway.yaml").mkdir(parents=True)
    with pytest.raises(ConfigurationError) as unreadable:
        load_site(tmp_path)
    assert unreadable.value.exit_status == 3


def test_every_problem_is_reported_at_once_with_its_place(tmp_path: Path) -> None:
    """Unknown keys, wrong values and missing keys shall be listed together, with line and what is allowed."""
    text = """\
schema: 1
site:
  name: Plant
  tme_zone: UTC
routes:
  Orders:
    partner: erp
    message_type: order
    sequence: {model: countr, order: strict}
  boms:
    partner: erp
    completeness: {quiet: 10 seconds, looks: 1}
    destinations: {mes: {}}
"""
    found = problems(tmp_path, text)
    assert sorted((each.line or 0, each.path) for each in found) == [
        (4, "site.tme_zone"),
        (6, "routes.Orders"),
        (9, "routes.Orders.sequence.model"),
        (10, "routes.boms"),
        (12, "routes.boms.completeness.looks"),
        (12, "routes.boms.completeness.quiet"),
        (13, "routes.boms.destinations.mes"),
    ]
    unknown, model = found[0], found[2]
    assert "did you mean `time_zone`" in unknown.message
    assert (model.found, model.allowed) == (
        '"countr"',
        '"counter", "chain", "timestamp", "none"',
    )
    assert str(tmp_path / "config" / "gateway.yaml") in str(unknown)


@pytest.mark.parametrize("text", ["", "routes: [", "a: 1\na: 2\n", "\xff", "schema: 1\n", "[]"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    """Broken YAML, keys given twice and empty documents shall be problems, never tracebacks."""
    assert problems(tmp_path, text)


@pytest.mark.parametrize(
    ("lines", "path", "message"),
    [
        (["versions: latest"], "versions", "is not a comparison"),
        (["version_from: route"], "version_from", "`version` must say"),
        (["version: 1.0.0"], "version", "it counts only with"),
        (["name_pattern: 'a(b'"], "name_pattern", "no regular expression"),
        (["name_pattern: '(?P<number>[0-9]+)'"], "name_pattern", "means nothing"),
        (
            ["name_pattern: 'x'", "sequence: {model: counter, number_from: name}"],
            "name_pattern",
            "`control` is missing",
        ),
        (["duplicates: {conflict: accept-and-note}"], "duplicates.conflict", "not allowed"),
        (["completeness: {require: [none, rename]}"], "completeness.require", "stands alone"),
        (["completeness: {require: []}"], "completeness.require", "too short"),
        (["sequence: {model: timestamp, start: 4}"], "sequence.start", "counts only with `model: counter`"),
        (["sequence: {model: counter, wrap_after: 1, wrap_to: 1}"], "sequence.wrap_to", "must be below"),
        (["sequence: {model: counter, wrap_after: 9, start: 10}"], "sequence.start", "outside the counter"),
        (
            ["sequence: {model: counter, wrap_after: 9, reset_to: 1}"],
            "sequence.reset_to",
            "every wrap would be a restart",
        ),
        (["sequence: {hold: 36501d}"], "sequence.hold", "too long"),
        (["completeness: {quiet: 999999999d}"], "completeness.quiet", "too long"),
        (["completeness: {alert_after: 999999999h}"], "completeness.alert_after", "too long"),
        (["completeness: {mismatch_after: 999999999d}"], "completeness.mismatch_after", "too long"),
        (["source: {path: working/x}"], "source.path", "gateway's own directory `working`"),
        (["source: {path: ../..}"], "source.path", "gateway's own directory"),
        (["replay_default_reason: ''"], "replay_default_reason", "too short"),
    ],
)
def test_wrong_routes_are_refused(tmp_path: Path, lines: list[str], path: str, message: str) -> None:
    """Each contradiction in a route shall be one problem at its own key."""
    found = problems(tmp_path, route_with(*lines))
    assert [each.path for each in found] == [f"routes.orders.{path}"]
    assert message in found[0].message


@pytest.mark.parametrize(
    ("destination", "key", "message"),
    [
        ("{path: archive/../processed/x}", "path", "gateway's own directory `processed`"),
        ("{path: inbox/orders}", "path", "files would go in circles"),
        ("{path: outbox/mes}", "path", "the destination `mes` delivers there already"),
        ("{path: x, file_name: '{nmae}'}", "file_name", "unknown placeholder"),
        ("{path: x, file_name: '{name.__class__}'}", "file_name", "unknown placeholder"),
        ("{path: x, file_name: '{id!r:>9}'}", "file_name", "unknown placeholder"),
        ("{path: x, file_name: '{id'}", "file_name", "braces do not fit"),
        ("{path: x, file_name: 'orders{suffix}'}", "file_name", "the same name"),
        ("{path: x, file_name: 'a/{name}'}", "file_name", "right form"),
        ("{path: x, retry: {factor: '0.5'}}", "retry.factor", "right form"),
        ("{path: x, retry: {jitter: 2}}", "retry.jitter", "too large"),
        ("{path: x, retry: {first: 999999999d}}", "retry.first", "too long"),
        ("{path: x, retry: {cap: 36500.1d}}", "retry.cap", "too long"),
    ],
)
def test_wrong_destinations_are_refused(tmp_path: Path, destination: str, key: str, message: str) -> None:
    """A destination shall not overwrite, circle, or reach into the gateway's own directories."""
    found = problems(tmp_path, MINIMAL + f"      other: {destination}\n")
    assert [each.path for each in found] == [f"routes.orders.destinations.other.{key}"]
    assert message in found[0].message


def test_no_duration_is_longer_than_a_calendar(tmp_path: Path) -> None:
    """The gateway shall refuse a pause between passes that never ends, and take a century."""
    found = problems(tmp_path, MINIMAL.replace("{name: Plant}", "{name: Plant, interval: 9999999d}"))
    assert [(each.path, each.found, each.allowed) for each in found] == [
        ("site.interval", "9999999d", "at most 36500d")
    ]
    held = load_site(site_with(tmp_path, route_with("sequence: {hold: 36500d}")))
    assert held.routes[0].sequence.hold_seconds == 36500 * 86400


def test_inboxes_are_separate(tmp_path: Path) -> None:
    """Two routes shall not take from one directory, nor one from inside the other's."""
    template = "  {name}: {{partner: erp, message_type: bom, source: {{path: {path}}}}}\n"
    same = problems(tmp_path, MINIMAL + template.format(name="boms", path="./inbox/orders"))
    assert "the route `orders` takes files from there already" in same[0].message
    nested = problems(tmp_path, MINIMAL + template.format(name="boms", path=tmp_path / "inbox"))
    assert "contain one another" in nested[0].message


def test_the_catalogue_is_asked_when_it_is_known(tmp_path: Path) -> None:
    """A message type without a format shall be a problem that names the known ones."""
    found = problems(tmp_path, MINIMAL, message_types=["bom", "material"])
    assert (found[0].path, found[0].allowed) == ("routes.orders.message_type", "bom, material")


def test_unknown_time_zone(tmp_path: Path) -> None:
    """A time zone that does not exist shall be refused, whatever it is called."""
    for zone in ("Mars/Olympus", "../../etc/passwd", "Europe"):
        found = problems(tmp_path, MINIMAL.replace("name: Plant", f"name: Plant, time_zone: {zone}"))
        assert found[0].path == "site.time_zone"


# Secrets

SECRET = "postgresql://gateway:s3cret@db/ledger"


def ledger(value: str) -> str:
    return MINIMAL.replace("name: Plant", f"name: Plant, ledger: {value}")


def test_a_ledger_url_comes_from_environment_or_file(tmp_path: Path) -> None:
    """A secret URL shall be read from where the configuration points, and shown nowhere."""
    from_environment = site_with(tmp_path, ledger("{env: LEDGER}"))
    site = load_site(from_environment, environment={"LEDGER": SECRET})
    assert site.ledger == SECRET
    assert "s3cret" not in repr(site)
    assert redacted(from_environment)["site"]["ledger"] == {"env": "LEDGER"}
    (tmp_path / "ledger.url").write_text(SECRET + "\n", encoding="utf-8")
    assert load_site(site_with(tmp_path, ledger("{file: ledger.url}"))).ledger == SECRET
    assert load_site(site_with(tmp_path, ledger("sqlite:///other.db"))).ledger == "sqlite:///other.db"


@pytest.mark.parametrize("url", [SECRET, "postgresql://db/x?password=s3cret", "postgresql://[s3cret"])
def test_a_password_in_the_file_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    """A literal URL with a password shall be refused without showing it."""
    with pytest.raises(ConfigurationError) as refusal:
        load_site(site_with(tmp_path, ledger(f'"{url}"')))
    assert "must not stand in the configuration" in str(refusal.value)
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("{env: NOT_SET}", "NOT_SET is not set"),
        ("{file: nowhere}", "cannot be read: No such file"),
        ("{file: empty}", "is empty"),
        ("{file: binary}", "cannot be read: not UTF-8"),
    ],
)
def test_a_secret_that_cannot_be_had_says_why(tmp_path: Path, value: str, why: str) -> None:
    """A missing variable or file shall be a problem at its key, told apart from a wrong configuration."""
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(SecretsMissing) as refusal:
        load_site(site_with(tmp_path, ledger(value)), environment={})
    (problem,) = refusal.value.problems
    assert refusal.value.exit_status == 5
    assert (problem.path, problem.line) == ("site.ledger", 2)
    assert why in problem.message


@pytest.mark.parametrize(
    ("value", "why"), [("{env: A, file: b}", "too much"), ("{vault: x}", "not a known key")]
)
def test_what_points_to_no_secret_is_refused(tmp_path: Path, value: str, why: str) -> None:
    """A reference shall be to an environment variable or a file, and to one of them only."""
    assert any(why in each.message for each in problems(tmp_path, ledger(value)))


def test_the_shown_configuration_has_every_default(tmp_path: Path) -> None:
    """`config show` shall print what is in force, as JSON, without reading any secret."""
    shown = redacted(site_with(tmp_path, ledger("{env: NOT_SET}")))
    route = shown["routes"]["orders"]
    assert route["source"] == {"type": "folder", "path": "inbox/orders", "pattern": "*", "watch": True}
    assert route["completeness"]["control_file"]["delimiter"] == ";"
    assert route["destinations"]["mes"]["retry"] == {
        "first": "30s",
        "factor": 2,
        "cap": "1h",
        "jitter": "0.1",
        "open_after": 3,
    }
    assert json.loads(json.dumps(shown)) == shown


# Notation


@pytest.mark.parametrize(
    ("text", "value"), [("500ms", 0.5), ("10s", 10), ("5m", 300), ("1.5h", 5400), ("1d", 86400), ("0s", 0)]
)
def test_durations(text: str, value: float) -> None:
    """A duration shall be a number with its unit."""
    assert seconds(text) == value


def test_sizes() -> None:
    """A size shall be a whole number with its unit."""
    assert [size(text) for text in ("1B", "2KiB", "64MiB", "1GiB")] == [1, 2048, 64 * 1024**2, 1024**3]


@pytest.mark.parametrize("text", ["10", "s", "-1s", "1 s", "1S", "1s\n", "\u0661s", "1KB", ""])
def test_other_notations_are_refused(text: str) -> None:
    """Everything else shall be neither a duration nor a size."""
    for read in (seconds, size):
        with pytest.raises(ValueError, match="is not a"):
            read(text)


def test_what_is_agreed_with_a_sender_is_read(tmp_path: Path) -> None:
    """A sender's ranges of versions shall be kept by its name, and mean nothing for others."""
    site = load_site(
        site_with(tmp_path, MINIMAL + 'partners:\n  MES01: {versions: {order: ">=1.1"}}\n  MES02: {}\n')
    )
    assert site.agreed("MES01", "order") == ">=1.1"
    assert [site.agreed(*one) for one in (("MES01", "bom"), ("MES02", "order"), ("X", "order"))] == [None] * 3


@pytest.mark.parametrize(
    ("partner", "path", "found"),
    [
        ('{versions: {order: "1.x"}}', "partners.MES01.versions.order", "1.x"),
        ('{versions: {invoice: ">=1"}}', "partners.MES01.versions.invoice", "invoice"),
        ("{version: 1}", "partners.MES01.version", None),
        ('{versions: {order: ""}}', "partners.MES01.versions.order", ""),
    ],
)
def test_an_agreement_that_cannot_be_meant_is_refused(
    tmp_path: Path, partner: str, path: str, found: str | None
) -> None:
    """A range that cannot be read, and a message type that there is not, shall be told with their place."""
    (problem,) = problems(tmp_path, f"{MINIMAL}partners:\n  MES01: {partner}\n", message_types=["order"])
    assert problem.path == path
    assert problem.line
    if found is not None:
        assert found in str(problem.found)


def test_effective_dates_count_unless_the_route_says_otherwise(tmp_path: Path) -> None:
    """A route shall enforce effective dates by default, and take no other word than the three there are."""
    assert load_site(site_with(tmp_path, MINIMAL)).routes[0].effective_dates is DatePolicy.ENFORCE
    noted = load_site(site_with(tmp_path, route_with("effective_dates: note")))
    assert noted.routes[0].effective_dates is DatePolicy.NOTE
    assert problems(tmp_path, route_with("effective_dates: maybe"))[0].path == "routes.orders.effective_dates"
