"""Servers, schedules, expectations, alerts and the service: what is meant, and what is refused."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from gateway.config.loading import known_site, load_site, redacted
from gateway.config.secrets import demand_secrets
from gateway.config.settings import (
    Acknowledgement,
    AlertRule,
    Algorithms,
    Blackout,
    Calendar,
    CommandChannel,
    EmailChannel,
    Expectation,
    FolderSource,
    Login,
    RetryPolicy,
    Schedule,
    Secret,
    Server,
    Service,
    SftpDestination,
    SftpSource,
    Smtp,
    UnusualPolicy,
    Verification,
    WebhookChannel,
)
from gateway.errors import ConfigurationError, SecretsMissing
from tests.config.test_site_loading import problems, site_with

FINGERPRINT = "SHA256:" + "A" * 43

FULL = f"""\
schema: 1
site: {{name: Plant, time_zone: Europe/Berlin}}
servers:
  erp:
    host: sftp.example.com
    port: 2222
    user: gateway
    host_keys: [{FINGERPRINT}]
    known_hosts: config/trusted
    login:
      key: config/keys/erp
      passphrase: {{env: PASSPHRASE}}
      certificate: config/keys/erp-cert.pub
      agent: true
      password: {{file: password}}
    algorithms: compatible
    connect_timeout: 5s
    reply_timeout: 6s
    keepalive: 7s
    idle: 8s
    sessions: 2
    retry: {{first: 1s, factor: 3, cap: 2s, jitter: 0, open_after: 1}}
  bare: {{host: "::1", user: u, login: {{agent: true}}}}
calendars:
  shifts:
    days: [mon, tue]
    closed: ["2026-12-24..2027-01-06", "2026-05-01"]
    opened: ["2026-12-28"]
routes:
  orders:
    partner: erp
    message_type: order
    source:
      type: sftp
      server: erp
      path: out/orders
      pattern: "*.xml"
      acknowledge: move
      move_to: out/done
      retry: {{first: 9s}}
    schedule:
      cron: "*/10 6-21 * * mon-sat"
      calendar: shifts
      blackouts: [{{from: "22:00", to: "22:30", days: [mon]}}, {{from: "23:00", to: "01:00"}}]
    expect:
      - {{by: "06:30", at_least: 2, since: "22:00", on: shifts}}
      - {{per: 4h, on: shifts, from: "06:00", to: "22:00"}}
    unusual: {{size_factor: 5, records_factor: "2.5", history: 20}}
    destinations:
      mes:
        type: sftp
        server: erp
        path: in/orders
        checksum_file: .sha256
        temporary_name: "{{key}}.tmp"
        verify: content
  boms:
    partner: erp
    message_type: bom
    source: {{watch: false}}
    schedule: {{every: 5m, time_zone: UTC}}
alerts:
  channels:
    mail:
      type: email
      smtp: {{host: mail, port: 25, security: tls, user: u, password: {{env: SMTP}}, authorities: ca.pem}}
      from: gateway@example.com
      to: [a@example.com, b@example.com]
    hook: {{type: webhook, url: {{env: HOOK}}, headers: {{Authorization: {{env: TOKEN}}}}}}
    plain: {{type: webhook, url: "https://alerts.example.com/plant", timeout: 3s}}
    pager: {{type: command, command: [/usr/bin/page, plant]}}
  rules:
    - {{to: [mail, hook], kinds: [file-failed], routes: [orders], remind: null, recovery: false}}
    - {{to: [pager]}}
service: {{stop_within: 10s, listen: "[::1]:9420", log: json}}
"""

SECRETS = {"PASSPHRASE": "p-s3cret", "SMTP": "m-s3cret", "HOOK": "https://x/h-s3cret", "TOKEN": "t-s3cret"}


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A site that says everything."""
    (tmp_path / "password").write_text("f-s3cret\n", encoding="utf-8")
    return site_with(tmp_path, FULL)


def test_everything_is_understood(full: Path) -> None:
    """What the configuration says of servers, plans, alerts and the service shall be what it means."""
    site = load_site(full, environment=SECRETS)
    login = Login(full / "config/keys/erp", Secret("p-s3cret"), full / "config/keys/erp-cert.pub", True,
                  Secret("f-s3cret"))  # fmt: skip
    erp = Server(
        "erp", "sftp.example.com", "gateway", login, 2222, (FINGERPRINT,), full / "config/trusted",
        Algorithms.COMPATIBLE, 5, 6, 7, 8, 2, RetryPolicy(1, 3, 2, 0, 1),
    )  # fmt: skip
    bare = Server("bare", "::1", "u", Login(agent=True), known_hosts=full / "config/known_hosts")
    assert site.servers == (erp, bare)
    closed = ((date(2026, 12, 24), date(2027, 1, 6)), (date(2026, 5, 1),) * 2)
    shifts = Calendar("shifts", frozenset({0, 1}), closed, ((date(2026, 12, 28),) * 2,))
    assert site.calendars == (shifts,)
    assert site.calendar("shifts") == shifts
    assert site.server("erp") == erp
    assert site.service == Service(10, listen=("::1", 9420), log="json")
    assert site.missing_secrets == ()


def test_a_route_on_a_server_is_understood(full: Path) -> None:
    """A route shall say where on which server, when, and what is expected."""
    site = load_site(full, environment=SECRETS)
    orders, boms = site.routes
    assert orders.source == SftpSource(
        "erp", "out/orders", Acknowledgement.MOVE, "out/done", "*.xml", RetryPolicy(first_seconds=9)
    )
    assert orders.destinations == (
        SftpDestination(
            "mes", "erp", "in/orders", checksum_file=".sha256", temporary_name="{key}.tmp",
            verify=Verification.CONTENT,
        ),
    )  # fmt: skip
    blackouts = (Blackout(time(22), time(22, 30), frozenset({0})), Blackout(time(23), time(1)))
    cron = "*/10 6-21 * * mon-sat"
    assert orders.schedule == Schedule(None, cron, "Europe/Berlin", "shifts", blackouts)
    assert orders.expect == (
        Expectation(2, time(6, 30), time(22), calendar="shifts"),
        Expectation(1, per_seconds=14400, calendar="shifts", start=time(6), end=time(22)),
    )
    assert orders.unusual == UnusualPolicy(20, 10, 5, 2.5)
    assert boms.source == FolderSource(full / "inbox/boms", watch=False)
    assert boms.schedule == Schedule(300, time_zone="UTC")


def test_alerts_are_understood(full: Path) -> None:
    """Channels and rules shall be what they say."""
    site = load_site(full, environment=SECRETS)
    smtp = Smtp("mail", 25, "tls", "u", Secret("m-s3cret"), full / "ca.pem")
    assert site.channels == (
        EmailChannel("mail", smtp, "gateway@example.com", ("a@example.com", "b@example.com")),
        WebhookChannel("hook", Secret("https://x/h-s3cret"), {"Authorization": Secret("t-s3cret")}),
        WebhookChannel("plain", Secret("https://alerts.example.com/plant"), timeout_seconds=3),
        CommandChannel("pager", ("/usr/bin/page", "plant")),
    )
    rule = AlertRule(("mail", "hook"), ("file-failed",), ("orders",), None, recovery=False)
    assert site.alerts == (rule, AlertRule(("pager",)))


def test_no_secret_is_shown(full: Path) -> None:
    """Neither the values nor what `config show` prints shall hold a secret, only where it comes from."""
    assert "s3cret" not in repr(load_site(full, environment=SECRETS))
    shown = redacted(full)
    assert "s3cret" not in str(shown)
    assert shown["servers"]["erp"]["login"]["passphrase"] == {"env": "PASSPHRASE"}
    assert shown["alerts"]["channels"]["hook"]["url"] == {"env": "HOOK"}


def test_a_site_is_known_without_its_secrets(full: Path) -> None:
    """A site shall load without secrets, with each missing one noted, until one is needed."""
    (full / "password").unlink()
    site = load_site(full, environment={})
    places = [problem.path for problem in site.missing_secrets]
    channels = "alerts.channels"
    assert sorted(places) == [
        f"{channels}.hook.headers.Authorization", f"{channels}.hook.url", f"{channels}.mail.smtp.password",
        "servers.erp.login.passphrase", "servers.erp.login.password",
    ]  # fmt: skip
    assert site.server("erp").login.password is None
    demand_secrets(site, "servers.bare", "servers.er")
    with pytest.raises(SecretsMissing) as one:
        demand_secrets(site, "servers.erp")
    with pytest.raises(SecretsMissing) as all_of_them:
        demand_secrets(site)
    assert [len(error.value.problems) for error in (one, all_of_them)] == [2, 5]
    assert "PASSPHRASE is not set" in str(one.value)


def test_a_ledger_without_its_secret_is_known_but_not_opened(tmp_path: Path) -> None:
    """A site whose ledger is secret shall never be taken for one with the default ledger."""
    site_with(tmp_path, FULL.replace("name: Plant", "name: Plant, ledger: {env: LEDGER}"))
    assert "site.ledger" in [problem.path for problem in known_site(tmp_path, environment={}).missing_secrets]
    with pytest.raises(SecretsMissing, match="LEDGER is not set"):
        load_site(tmp_path, environment={})


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("{env: PASSPHRASE}", "s3cret", "servers.erp.login.passphrase"),
        ("{file: password}", "12345", "servers.erp.login.password"),
        ("{file: password}", "[s3cret]", "servers.erp.login.password"),
        ("{env: SMTP}", "s3cret", "alerts.channels.mail.smtp.password"),
        ("{env: TOKEN}", "s3cret", "alerts.channels.hook.headers.Authorization"),
        ("{env: HOOK}", '"https://u:s3cret@x/"', "alerts.channels.hook.url"),
        ("{env: HOOK}", '"https://x/?token=s3cret"', "alerts.channels.hook.url"),
        ("{env: HOOK}", '"http://x/s3cret"', "alerts.channels.hook.url"),
        ("{env: HOOK}", '"s3cret@x"', "alerts.channels.hook.url"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(full: Path, old: str, new: str, path: str) -> None:
    """A secret that stands in the file shall be one problem at its key, and be shown nowhere."""
    (problem,) = problems(full, FULL.replace(old, new))
    assert (problem.path, problem.found) == (path, None)
    assert problem.line
    assert "s3cret" not in str(problem)
    assert "12345" not in str(problem)


def test_a_reference_that_is_a_secret_is_not_repeated(full: Path) -> None:
    """A secret written in the place of a variable's name shall be refused without showing it."""
    found = problems(full, FULL.replace("{env: SMTP}", "{env: 's3cret!'}"))
    assert [each.path for each in found] == ["alerts.channels.mail.smtp.password.env"]
    assert "s3cret" not in str(found[0])


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        # keys of the other kind
        ("source: {watch: false}", "source: {acknowledge: move}", "routes.boms.source.acknowledge",
         "counts only with `type: sftp`"),
        ("      acknowledge: move", "      watch: true\n      acknowledge: move",
         "routes.orders.source.watch",
         "SFTP has no events"),
        ("{type: command, ", "{type: command, url: x, ", "alerts.channels.pager.url", "`type: webhook`"),
        ("type: command", "type: pager", "alerts.channels.pager.type", "not allowed"),
        ("source: {watch: false}", "source: {type: ftp}", "routes.boms.source.type", "not allowed"),
        ("source: {watch: false}", "source: {wacth: false}", "routes.boms.source.wacth",
         "did you mean `watch`"),
        # references
        ("      server: erp\n      path", "      server: epr\n      path", "routes.orders.source.server",
         "no such server"),
        ("        server: erp\n        path", "        server: epr\n        path",
         "routes.orders.destinations.mes.server", "no such server"),
        ("      calendar: shifts", "      calendar: shfts", "routes.orders.schedule.calendar",
         "no such calendar"),
        ('since: "22:00", on: shifts', 'since: "22:00", on: x', "routes.orders.expect[1].on",
         "no such calendar"),
        ("{to: [pager]}", "{to: [paper]}", "alerts.rules[2].to[1]", "no such channel"),
        ("kinds: [file-failed]", "kinds: [failed]", "alerts.rules[1].kinds[1]", "no such kind"),
        ("routes: [orders]", "routes: [order]", "alerts.rules[1].routes[1]", "no such route"),
        # servers
        ("login: {agent: true}", "login: {}", "servers.bare.login", "nothing to log in with"),
        ("login: {agent: true}", "login: {agent: true, certificate: x}", "servers.bare.login.certificate",
         "only with `key`"),
        (FINGERPRINT, "MD5:aa", "servers.erp.host_keys[1]", "right form"),
        ("port: 2222", "port: 0", "servers.erp.port", "too small"),
        ("connect_timeout: 5s", "connect_timeout: 0s", "servers.erp.connect_timeout", "right form"),
        ("reply_timeout: 6s", "reply_timeout: 6d", "servers.erp.reply_timeout", "too long"),
        # directories on servers
        ("      move_to: out/done\n", "", "routes.orders.source", "needs `move_to`"),
        ("acknowledge: move", "acknowledge: leave", "routes.orders.source.move_to",
         "only with `acknowledge: move`"),
        ("move_to: out/done", "move_to: ./out//orders/", "routes.orders.source.move_to", "it is `path`"),
        ("path: in/orders", "path: out/orders/", "routes.orders.destinations.mes.path", "in circles"),
        ("path: in/orders", "path: out/x/../done", "routes.orders.destinations.mes.path", "names would meet"),
        ("path: in/orders", "path: ''", "routes.orders.destinations.mes.path", "right form"),
        ("{key}.tmp", "orders.tmp", "routes.orders.destinations.mes.temporary_name", "needs `{key}`"),
        ("{key}.tmp", "{key!r}", "routes.orders.destinations.mes.temporary_name", "needs `{key}`"),
        ("{key}.tmp", "{key", "routes.orders.destinations.mes.temporary_name", "needs `{key}`"),
        ("checksum_file: .sha256", "checksum_file: .ok\n        done_marker: .ok",
         "routes.orders.destinations.mes.checksum_file", "the same name"),
        # plans
        ("cron: ", "every: 5m\n      cron: ", "routes.orders.schedule.every", "exclude each other"),
        ("*/10 6-21", "*/10 6-24", "routes.orders.schedule.cron", "24 is not from 0 to 23"),
        ("time_zone: UTC}", "time_zone: Mars}", "routes.boms.schedule.time_zone", "no such time zone"),
        ('to: "22:30"', 'to: "22:00"', "routes.orders.schedule.blackouts[1].to", "ends when it begins"),
        ('to: "22:30"', 'to: "24:00"', "routes.orders.schedule.blackouts[1].to", "right form"),
        ("every: 5m", "every: 9999999d", "routes.boms.schedule.every", "too long"),
        ("per: 4h, ", "", "routes.orders.expect[2]", "either `by` or `per`"),
        ("per: 4h", 'per: 4h, since: "01:00"', "routes.orders.expect[2].since", "only with `by`"),
        ("per: 4h", "per: 17h", "routes.orders.expect[2].per", "no such period fits"),
        ("per: 4h", "per: 59s", "routes.orders.expect[2].per", "too short"),
        ('by: "06:30"', 'by: "6:30"', "routes.orders.expect[1].by", "right form"),
        ("2026-12-24..2027-01-06", "2027-01-06..2026-12-24", "calendars.shifts.closed[1]",
         "before it begins"),
        ('"2026-05-01"', '"2026-02-30"', "calendars.shifts.closed[2]", "there is no day 2026-02-30"),
        ("days: [mon, tue]", "days: [monday]", "calendars.shifts.days[1]", "not allowed"),
        ('size_factor: 5, records_factor: "2.5", ', "", "routes.orders.unusual", "it needs `size_factor`"),
        ("history: 20", "history: 9", "routes.orders.unusual.at_least", "never looked at"),
        # alerts and service
        ("security: tls", "security: none", "alerts.channels.mail.smtp.security", "readable to everybody"),
        (", user: u, password", ", password", "alerts.channels.mail.smtp", "go together"),
        ("to: [a@example.com, b@example.com]", "to: [operators]", "alerts.channels.mail.to[1]", "right form"),
        ("/usr/bin/page", "page", "alerts.channels.pager.command[1]", "absolute path"),
        ("timeout: 3s", "timeout: 3h", "alerts.channels.plain.timeout", "too long"),
        ("[::1]:9420", "0.0.0.0:9420", "service.listen", "no loopback address"),
        ("[::1]:9420", "127.0.0.1:99999", "service.listen", "not an address and port"),
        ("[::1]:9420", "999.0.0.1:80", "service.listen", "IPv4"),
        ("stop_within: 10s", "stop_within: 2h", "service.stop_within", "too long"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(full: Path, old: str, new: str, path: str, message: str) -> None:
    """Each contradiction shall be one problem at its own key, with its line."""
    assert old in FULL
    found = problems(full, FULL.replace(old, new, 1))
    assert [each.path for each in found] == [path]
    assert message in found[0].message
    assert found[0].line


SECOND = """\
  others:
    partner: erp
    message_type: order
    source: {{type: sftp, server: {server}, path: {path}, pattern: "{pattern}", acknowledge: delete}}
alerts:
"""


@pytest.mark.parametrize(
    ("server", "path", "pattern", "refused"),
    [
        ("erp", "out/orders/.", "*.xml", True),
        ("erp", "out/orders", "ORD-?.*", True),
        ("erp", "out/orders", "*.csv", False),
        ("erp", "/out/orders", "*.xml", False),
        ("erp", "out/others", "*.xml", False),
        ("bare", "out/orders", "*.xml", False),
        ("again", "out/orders", "*.xml", True),
    ],
)
def test_no_two_routes_take_the_same_remote_files(
    full: Path, server: str, path: str, pattern: str, refused: bool
) -> None:
    """Two routes on one remote directory shall have patterns that exclude each other."""
    again = "calendars:\n"
    alias = "  again: {host: SFTP.example.com, port: 2222, user: gateway, login: {agent: true}}\n"
    text = FULL.replace(again, alias + again)
    text = text.replace("alerts:\n", SECOND.format(server=server, path=path, pattern=pattern))
    if not refused:
        load_site(site_with(full, text), environment=SECRETS)
        return
    (problem,) = problems(full, text)
    assert problem.path == "routes.others.source.path"
    assert "the route `orders` takes files from there already" in problem.message


def test_files_that_are_done_do_not_come_again(full: Path) -> None:
    """The directory that one route moves its files into shall not be another one's source."""
    text = FULL.replace("alerts:\n", SECOND.format(server="erp", path="out/done", pattern="*"))
    (problem,) = problems(full, text)
    assert problem.path == "routes.orders.source.move_to"
    assert "they would come again" in problem.message


def test_missing_keys_of_a_kind_are_told(full: Path) -> None:
    """A kind shall ask for what it cannot do without."""
    found = problems(full, FULL.replace("source: {watch: false}", "source: {type: sftp}"))
    assert {each.message for each in found} == {
        f"`{key}` is missing" for key in ("server", "path", "acknowledge")
    }


@pytest.mark.parametrize("text", ["{type: [a]}", "null", "[]", "5", "{type: null}", "{type: {}}"])
def test_kinds_of_the_wrong_type_are_refused(full: Path, text: str) -> None:
    """Whatever stands for a source or a channel shall be a problem, never a traceback."""
    for old in ("{watch: false}", "{type: command, command: [/usr/bin/page, plant]}"):
        with pytest.raises(ConfigurationError):
            load_site(site_with(full, FULL.replace(old, text)), environment=SECRETS)
