"""`gateway run` and `gateway status`: what a pass did, and what is where."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.plant import CONFIGURATION, CONSUMPTION, EVIL, GOOD, LATER, ORDER, WRONG, Plant


def test_a_pass_says_where_each_file_went_and_why(plant: Plant) -> None:
    """A pass prints for each file what became of it, and why where it did not go through."""
    plant.drop("confirmations", GOOD.format(1))
    plant.drop("confirmations", WRONG)
    plant.drop("confirmations", LATER.format(4))
    result = plant.run("run", "--once")
    assert result.exit_code == 1
    text = " ".join(result.stdout.split())
    assert "confirmations: 3 taken, 2 settled, 1 held, 0 waiting" in text
    for name, state in (("CONF_MES01_0000001.csv", "processed"), ("CONF_MES01_0000004.csv", "held")):
        assert f"{state} {plant.transfer(name)} {name}" in text
    assert 'F302: scrap_quantity is "1O,5": this is not a number' in text
    assert "waits for 0000002 to 0000003" in text


def test_a_pass_without_trouble_leaves_with_zero(plant: Plant) -> None:
    """A pass in which nothing failed leaves with 0, and so does one in which nothing came."""
    plant.drop("confirmations", GOOD.format(1))
    assert plant.run("run", "--once").exit_code == 0
    assert plant.run("run", "--once").exit_code == 0
    assert (plant.directory / "outbox" / "erp" / "CONF_MES01_0000001.csv").is_file()


def test_one_route_can_be_run_alone(plant: Plant) -> None:
    """--route takes files of this route and leaves those of all others where they are."""
    plant.drop("confirmations", GOOD.format(1))
    left = plant.drop("orders", ORDER)
    reports = plant.json("run", "--once", "--route", "confirmations")
    assert [each["route"] for each in reports] == ["confirmations"]
    assert left.is_file()


def test_a_route_that_does_not_exist_is_refused(plant: Plant) -> None:
    """A wrong --route is a usage error that names the routes there are, and nothing is taken."""
    left = plant.drop("confirmations", GOOD.format(1))
    result = plant.run("run", "--once", "--route", "confirmation")
    assert result.exit_code == 2
    assert "confirmations, consumption, orders" in result.stderr
    assert left.is_file()


def test_a_route_that_cannot_go_on_leaves_with_the_status_of_its_error(tmp_path: Path) -> None:
    """Where a whole source is away, the others go on, and cron sees the status of that error."""
    orders = "    message_type: order\n"
    text = CONFIGURATION.replace(orders, f"{orders}    source: {{path: drop/orders}}\n")
    plant = Plant.make(tmp_path / "site", text)
    plant.drop("confirmations", GOOD.format(1))
    (plant.directory / "drop" / "orders").rmdir()
    result = plant.run("run", "--once")
    assert "1 taken, 1 settled" in result.stdout
    assert result.stderr.startswith("  ! [source-unavailable] ")
    assert result.exit_code == 20


def test_a_second_gateway_on_a_site_is_refused(plant: Plant) -> None:
    """While a gateway works on a site, a second one leaves with 53 and says who works on it."""
    plant.drop("confirmations", GOOD.format(1))
    command = [sys.executable, "-m", "gateway.cli.main", "--site", str(plant.directory), "run", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        first = json.loads(service.stdout.readline())
        assert [row["state"] for row in first[0]["settled"]] == ["processed"]
        refused = plant.run("run", "--once")
        assert refused.exit_code == 53
        assert f"Process {service.pid} " in refused.stderr
        assert f"Process {service.pid} on " in plant.done("status")
        assert plant.json("status")["working"]["pid"] == service.pid
        service.send_signal(signal.SIGTERM)
        assert service.wait(timeout=60) == 0
    assert plant.json("status")["working"] is None


def test_the_status_says_what_waits_for_what_and_since_when(busy: Plant) -> None:
    """The status shows waiting files, held files, deliveries and gaps, each with cause and age."""
    text = " ".join(busy.done("status").split())
    assert "its done marker CONS_MES01_20261116_00000002.txt.done has not come" in text
    assert "0000004 of confirmations/MES01 waits for 0000003; deadline 2" in text
    assert "outbox/history" in text
    assert "The directory is not there" in text
    assert "confirmations/MES01 0000003 1 2" in text


def test_the_status_ends_with_what_needs_somebody(busy: Plant) -> None:
    """Whoever opens the status at night finds at its end what to look at, with the command for it."""
    end = busy.done("status").rstrip().splitlines()[-4:]
    assert end[0] == "Needs you: 4 failed files: gateway failed list"
    assert end[1].strip() == "2 held files: gateway hold list"
    assert "1 delivery not got through yet" in end[2]
    assert "taken file that cannot be acknowledged" in end[3]


def test_a_quiet_site_says_so(plant: Plant) -> None:
    """Where nothing is wrong the status says that too, and that nobody takes files at the moment."""
    text = plant.done("status")
    assert text.endswith("Nothing needs you.\n")
    assert "No gateway is at work" in text


def test_a_source_that_is_away_needs_somebody(plant: Plant) -> None:
    """While a source cannot be read, the status shall say so and not that nothing needs anybody."""
    (plant.directory / "inbox" / "orders").rmdir()
    (plant.directory / "inbox" / "orders").touch()
    assert plant.run("run", "--once").exit_code == 20
    text = plant.done("status")
    assert "source-unavailable  orders" in text
    assert "1 other alert: see above" in text.splitlines()[-1]
    assert [one["routes"] for one in plant.json("status")["alerts"]] == [["orders"]]


def test_the_counts_of_the_status_are_those_of_the_ledger(busy: Plant) -> None:
    """Every route has its row, with every state and the failed files that nobody corrected."""
    data = busy.json("status")
    rows = {row["route"]: row for row in data["routes"]}
    assert rows["confirmations"]["states"]["processed"] == 2
    assert rows["confirmations"]["states"]["held"] == data["held_total"] == 2
    assert rows["confirmations"]["failed_open"] == 2
    assert rows["orders"]["states"]["failed"] == 2
    assert rows["consumption"]["waiting"] == data["waiting_total"] == 1
    assert rows["consumption"]["states"]["delivering"] == data["deliveries_total"] == 1


def test_a_file_nobody_may_take_needs_somebody_at_once(plant: Plant) -> None:
    """A link in the inbox is never taken, so the status asks for somebody however young it is."""
    os.symlink("/etc/hostname", plant.directory / "inbox" / "orders" / EVIL)
    plant.drop("consumption", CONSUMPTION.format(1))
    plant.run("run", "--once")
    stuck = {one["route"]: one["stuck"] for one in plant.json("status")["waiting"]}
    assert stuck == {"orders": True, "consumption": False}
    assert "1 waiting file that is not taken by waiting longer" in plant.done("status")


def test_a_route_taken_out_of_the_configuration_stays_visible(plant: Plant) -> None:
    """Files of a route that is no longer configured are still counted and shown."""
    plant.drop("orders", b"no xml", "broken.xml")
    plant.run("run", "--once")
    text = CONFIGURATION[: CONFIGURATION.index("  orders:")]
    (plant.directory / "config" / "gateway.yaml").write_text(text)
    rows = {row["route"]: row for row in plant.json("status")["routes"]}
    assert rows["orders"]["configured"] is False
    assert rows["orders"]["failed_open"] == 1
    assert "no longer configured" in plant.done("status")
    refused = plant.run("reprocess", "broken.xml", "--reason", "try")
    assert refused.exit_code == 2
    assert "no longer in the configuration" in refused.stderr
    assert plant.json("failed", "show", "broken.xml")["state"] == "failed"
