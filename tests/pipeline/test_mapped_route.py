"""A route that delivers another version than it takes: rewritten, validated, both files kept and linked."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from gateway.custody.differences import Kind
from gateway.formats.catalogue import Catalogue
from gateway.ledger import transfers
from gateway.model import State
from gateway.operations.impact_files import in_archive
from gateway.operations.mapping import map_file, mapping_problems, route_problems
from gateway.operations.reprocess import Selection, forecast, replay, reprocess, select
from gateway.operations.verifying import verify_site
from gateway.pipeline import take_up
from gateway.stages.arrive import arrive
from gateway.stages.context import Report
from gateway.stages.examine import examine
from gateway.stages.rewrite import rewrite
from tests.mappings.mapping_kit import PERFORMANCE, TO_PERFORMANCE, Kit
from tests.pipeline.plant import Plant, confirmation, name_of, route, shared_catalogue

#: The hour that the beginning of summer time leaves out.
NO_SUCH_HOUR = b"29.03.2026 02:30:00"


def mapped(tmp_path: Path, **parts: str) -> Plant:
    """Return a plant whose route delivers confirmations as version 2.0.0."""
    return Plant.build(tmp_path / "site", route(**{"deliver_as": "confirmation@2.0.0", **parts}))


def unmappable(control: int) -> bytes:
    """Return a good confirmation with a time that no version with offsets can state."""
    return (
        confirmation(control)
        .replace(b"17.11.2026 06:00:00;", NO_SUCH_HOUR + b";")
        .replace(b"17.11.2026 06:45:00", NO_SUCH_HOUR)
    )


def older(control: int) -> bytes:
    """Return a good confirmation in the layout 1.0."""
    return confirmation(control, layout="1.0").replace(b";J;;B26-00241;", b";J;")


def output_of(plant: Plant, name: str) -> Path:
    """Return the archived output of a file."""
    settled = plant.directory / (plant.transfer(name).settled_path or "")
    return settled.with_name(plant.manifest(name)["output"]["archived_as"])


def in_work(plant: Plant) -> list[str]:
    """Return what lies in the working directory, without the transfer ids."""
    return sorted(name.partition("-")[2] for name in os.listdir(plant.directory / "working/confirmations"))


def test_the_file_is_delivered_in_the_other_version_and_both_are_kept(tmp_path: Path) -> None:
    """The gateway shall deliver what the mapping made, and keep input and output side by side, linked."""
    plant = mapped(tmp_path)
    plant.drop_confirmation(1)
    plant.run()
    name = name_of(1)
    delivered = (plant.directory / "outbox/erp" / name).read_bytes()
    assert delivered.splitlines()[0].endswith(b";2.0;2026-11-17T14:05:02+01:00")
    output = output_of(plant, name)
    assert output.read_bytes() == delivered
    assert output.name == "CONF_MES01_0000001.confirmation-2.0.0.csv"
    settled = plant.directory / (plant.transfer(name).settled_path or "")
    assert settled.read_bytes() == confirmation(1)
    said = plant.manifest(name)["output"]
    assert said["sha256"] == hashlib.sha256(delivered).hexdigest()
    assert said["size"] == len(delivered)
    assert (said["format"], said["mapping"]) == (
        "confirmation 2.0.0",
        "confirmation mappings/1.1.0-to-2.0.0.yaml",
    )
    listed = (settled.parent / "manifest-sha256.txt").read_text()
    assert f"{said['sha256']}  {output.name}\n" in listed
    (entry,) = plant.trail(plant.transfer(name).id, "accepted")
    assert (entry.new or {})["mapped"]["sha256"] == said["sha256"]
    assert (entry.new or {})["mapped"]["mapping_digest"] == said["mapping_digest"]
    assert in_work(plant) == []
    plant.demand_proof()


def test_an_impact_on_the_archive_reads_what_came_in(tmp_path: Path) -> None:
    """An impact on the archive shall read the file as it came, and not what a mapping made of it."""
    plant = mapped(tmp_path)
    plant.drop_confirmation(1)
    plant.run()
    settled = plant.transfer(name_of(1)).settled_path
    with plant.working() as context:
        (one,) = in_archive(context, "confirmation")
    assert one.path == str(plant.directory / (settled or ""))
    assert one.sha256 == hashlib.sha256(confirmation(1)).hexdigest()


def test_a_file_of_the_wanted_version_goes_as_it_is(tmp_path: Path) -> None:
    """The gateway shall leave a file alone that has the version its route delivers."""
    plant = mapped(tmp_path, deliver_as="confirmation@1.1.0")
    plant.drop_confirmation(1)
    plant.run()
    assert (plant.directory / "outbox/erp" / name_of(1)).read_bytes() == confirmation(1)
    assert "output" not in plant.manifest(name_of(1))
    plant.demand_proof()


def test_a_value_without_a_place_fails_the_file_whole(tmp_path: Path) -> None:
    """The gateway shall refuse a file whole, with record, line and value, if one value cannot be mapped."""
    plant = mapped(tmp_path)
    plant.drop(name_of(1), unmappable(1))
    plant.run()
    row = plant.transfer(name_of(1))
    assert row.state is State.FAILED
    assert plant.codes(name_of(1)) == ["F220"]
    first = (row.findings or {})["listed"][0]
    assert (first["record"], first["line"], first["column"]) == (2, 2, "started_at")
    assert first["value"] == NO_SUCH_HOUR.decode()
    assert (row.findings or {})["errors"] == 4  # both times of both rows
    assert plant.delivered() == []
    assert in_work(plant) == []
    assert "output" not in plant.manifest(name_of(1))
    plant.demand_proof()


def test_an_output_that_its_format_refuses_fails_the_file(tmp_path: Path) -> None:
    """The gateway shall validate what a mapping made, and deliver nothing that breaks the target format."""
    plant = mapped(tmp_path, deliver_as="confirmation@1.1.0")
    with_scrap = (
        confirmation(1, layout="1.0").replace(b";0;;KG;", b";2,5;;KG;").replace(b";J;;B26-00241;", b";J;")
    )
    plant.drop(name_of(1), with_scrap)
    plant.run()
    row = plant.transfer(name_of(1))
    assert (row.state, row.reason_code) == (State.FAILED, "F221")
    assert "Scrap needs a reason code" in (row.reason or "")
    assert plant.delivered() == []
    assert in_work(plant) == []
    plant.demand_proof()


def test_without_a_mapping_the_file_stays_and_the_others_go(tmp_path: Path) -> None:
    """A file whose mapping is missing shall stay where it is, with a problem, and stop no other one."""
    plant = mapped(tmp_path)
    plant.own_formats = True
    os.mkfifo(plant.directory / "formats/confirmation/mappings/1.0.0-to-2.0.0.yaml")  # nothing to wait for
    plant.drop(name_of(1), older(1))
    plant.drop_confirmation(2)
    (report,) = plant.run()
    assert [problem.error.code for problem in report.problems] == ["mapping-invalid"]
    assert plant.states() == {name_of(1): State.CLAIMED, name_of(2): State.PROCESSED}
    plant.demand_proof()


def test_a_released_mapping_that_was_changed_is_refused(tmp_path: Path) -> None:
    """A released mapping whose bytes differ shall not be used; its files shall go once it is put right."""
    plant = mapped(tmp_path, deliver_as="confirmation@1.1.0")
    plant.own_formats = True
    path = plant.directory / "formats/confirmation/mappings/1.0.0-to-1.1.0.yaml"
    right = path.read_bytes()
    path.write_bytes(right.replace(b"1.0 as 1.1", b"1.0 as 1.1!"))
    plant.drop(name_of(1), older(1))
    (report,) = plant.run()
    assert [problem.error.code for problem in report.problems] == ["format-changed"]
    assert plant.states() == {name_of(1): State.CLAIMED}
    problems = mapping_problems(Catalogue.load(plant.directory / "formats"), ["confirmation"])
    assert any("1.0.0-to-1.1.0.yaml" in str(one) for one in problems)
    path.write_bytes(right)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    plant.demand_proof()


def test_a_file_that_changes_after_it_was_examined_is_not_mapped(tmp_path: Path) -> None:
    """A mapping shall read what was examined: a file written to meanwhile waits for the next pass."""
    plant = mapped(tmp_path)
    plant.drop_confirmation(1)
    with plant.working() as context:
        (settings,) = context.site.routes
        report = Report(settings.name)
        (batch,) = arrive(context, settings, report)
        take_up(context, settings, report)
        with context.ledger.read() as connection:
            rows = transfers.in_states(connection, settings.name, (State.CLAIMED,))
        assert [row.id for row in rows] == [row.id for row in batch]
        examined = examine(context, settings, rows, report)
        with open(context.path_of(rows[0]), "ab") as file:
            file.write(b"more")
        assert rewrite(context, settings, examined, report) == []
        assert [problem.error.code for problem in report.problems] == ["file-changed"]
        assert in_work(plant) == [name_of(1)]  # nothing half made stays, least of all on a full disk


def test_a_duplicate_leaves_no_output(tmp_path: Path) -> None:
    """What a mapping made of a duplicate shall not be kept: nothing of it is delivered."""
    plant = mapped(tmp_path)
    plant.drop_confirmation(1)
    plant.run()
    plant.drop("CONF_MES01_0000001-again.csv", confirmation(1))
    plant.run()
    assert plant.transfer("CONF_MES01_0000001-again.csv").state is State.DUPLICATE
    assert in_work(plant) == []
    assert plant.delivered() == [name_of(1)]
    plant.demand_proof()


def test_a_held_file_keeps_its_output_until_it_goes(tmp_path: Path) -> None:
    """What was made of a held file shall wait with it, be missed if it is gone, and be delivered in turn."""
    plant = mapped(tmp_path, sequence="{model: counter, order: strict, start: 1}")
    plant.drop_confirmation(2)
    plant.run()
    assert plant.states() == {name_of(2): State.HELD}
    assert in_work(plant) == [name_of(2), f"{name_of(2)}.output"]
    plant.demand_proof()
    (waiting,) = (plant.directory / "working/confirmations").glob("*.output")
    kept = waiting.read_bytes()
    waiting.unlink()
    with plant.opened() as context:
        report = verify_site(context)
    assert [report.totals[kind] for kind in (Kind.MISSING, Kind.UNEXPECTED)] == [1, 0]
    waiting.write_bytes(kept)
    plant.drop_confirmation(1)
    plant.run()
    assert plant.delivered() == [name_of(1), name_of(2)]
    assert b";2.0;" in (plant.directory / "outbox/erp" / name_of(2)).read_bytes()
    assert in_work(plant) == []
    plant.demand_proof()


def test_a_replay_delivers_the_archived_output(tmp_path: Path) -> None:
    """A replay shall deliver the very bytes that were delivered before, from the archive."""
    plant = mapped(tmp_path)
    plant.drop_confirmation(1)
    plant.run()
    target = plant.directory / "outbox/erp" / name_of(1)
    first = target.read_bytes()
    target.unlink()
    with plant.opened() as context:
        replay(context, [name_of(1)], "the receiver lost it")
    plant.run()
    assert target.read_bytes() == first
    assert plant.transfer(name_of(1)).state is State.PROCESSED
    plant.demand_proof()


def test_an_altered_output_is_found_and_never_delivered(tmp_path: Path) -> None:
    """The proof of the archive shall cover outputs, and a replay shall not deliver an altered one."""
    plant = mapped(tmp_path)
    plant.drop_confirmation(1)
    plant.run()
    output_of(plant, name_of(1)).write_bytes(b"something else")
    with plant.opened() as context:
        altered = verify_site(context).altered
    assert [Path(one.path).name for one in altered] == ["CONF_MES01_0000001.confirmation-2.0.0.csv"]
    (plant.directory / "outbox/erp" / name_of(1)).unlink()
    with plant.opened() as context:
        replay(context, [name_of(1)], "the receiver lost it")
    (report,) = plant.run()
    assert report.problem_total == 1
    assert plant.delivered() == []


def test_a_failed_file_is_mapped_anew_when_it_is_reprocessed(tmp_path: Path) -> None:
    """A reprocess shall make the output anew, and its dry run shall say before what would come of it."""
    plant = mapped(tmp_path)
    plant.drop(name_of(1), unmappable(1))
    plant.run()
    with plant.opened() as context:
        rows = select(context, Selection((name_of(1),)))
        (seen,) = forecast(context, rows)
    assert seen.outcome == "failed"
    assert "29.03.2026" in seen.explanation
    plant.configure(route())  # the route gives up the other version
    with plant.opened() as context:
        rows = select(context, Selection((name_of(1),)))
        reprocess(context, rows, "delivered as it came")
    plant.run()
    assert (plant.directory / "outbox/erp" / name_of(1)).read_bytes() == unmappable(1)
    assert "output" not in plant.manifest(name_of(1))
    plant.demand_proof()


def test_another_kind_gives_the_name_its_own_ending(tmp_path: Path) -> None:
    """A delimited file that leaves as XML shall have a name that ends so, in archive and destination."""
    plant = mapped(
        tmp_path,
        deliver_as="performance@1.0.0",
        destinations="{erp: {path: outbox/erp, file_name: 'P_{stem}{suffix}'}, copy: {path: outbox/copy}}",
    )
    plant.own_formats = True
    kit = Kit(plant.directory / "formats")
    kit.add(PERFORMANCE)
    kit.map("confirmation", "1.1.0-to-performance-1.0.0", TO_PERFORMANCE)
    plant.drop_confirmation(1)
    plant.run()
    assert plant.delivered() == ["P_CONF_MES01_0000001.xml"]
    assert plant.delivered("copy") == ["CONF_MES01_0000001.xml"]
    assert output_of(plant, name_of(1)).name == "CONF_MES01_0000001.performance-1.0.0.xml"
    plant.demand_proof()


def test_a_taken_name_in_the_archive_overwrites_nothing(tmp_path: Path) -> None:
    """An output whose name is taken in the archive shall be kept under a numbered one, with its input."""
    plant = mapped(tmp_path)
    first = "CONF_MES01_0000001.confirmation-2.0.0.csv"
    plant.configure(route(name_pattern="'.*'"))
    plant.drop(first, confirmation(9))
    plant.run()
    plant.configure(route(deliver_as="confirmation@2.0.0"))
    plant.drop_confirmation(1)
    plant.run()
    row = plant.transfer(name_of(1))
    assert row.state is State.PROCESSED
    assert row.id in output_of(plant, name_of(1)).name
    assert (plant.directory / (plant.transfer(first).settled_path or "")).read_bytes() == confirmation(9)
    plant.demand_proof()


def test_the_configuration_check_knows_what_a_route_cannot_deliver(tmp_path: Path) -> None:
    """`config check` shall name each accepted version from which no mapping leads to what is delivered."""
    plant = mapped(tmp_path)
    with plant.opened() as context:
        (problem,) = route_problems(context.site, context.catalogue)
    assert "confirmation 1.0.0" in problem.message
    assert problem.path == "routes.confirmations.deliver_as"
    plant.configure(route(deliver_as="confirmation@9.0.0"))
    with plant.opened() as context:
        (problem,) = route_problems(context.site, context.catalogue)
    assert problem.found == "confirmation@9.0.0"
    plant.configure(route(deliver_as="confirmation@2.0.0", versions='">=1.1.0"'))
    with plant.opened() as context:
        assert route_problems(context.site, context.catalogue) == []


def test_an_accepted_empty_file_goes_as_it_is(tmp_path: Path) -> None:
    """A file without content has no version: a route that accepts it shall deliver it as it came."""
    plant = mapped(tmp_path, empty_file="accept-and-note")
    plant.drop(name_of(1), b"")
    plant.run()
    assert (plant.directory / "outbox/erp" / name_of(1)).read_bytes() == b""
    plant.demand_proof()


def test_a_retired_version_is_not_written_any_more(tmp_path: Path) -> None:
    """A route that delivers a version that was retired meanwhile shall keep its files, and say so."""
    plant = mapped(tmp_path)
    plant.own_formats = True
    path = plant.directory / "formats/confirmation/2.0.0/format.yaml"
    path.write_text(path.read_text("utf-8").replace("status: draft", "status: retired", 1), "utf-8")
    plant.drop_confirmation(1)
    (report,) = plant.run()
    assert ["is retired" in str(problem.error) for problem in report.problems] == [True]
    assert plant.states() == {name_of(1): State.CLAIMED}
    with plant.opened() as context:
        problems = route_problems(context.site, context.catalogue)
    assert "the version is retired" in [one.message for one in problems]


def test_an_output_that_was_lost_in_work_can_be_made_again(tmp_path: Path) -> None:
    """A lost output shall keep its file back, with the command that makes the very same bytes again."""
    plant = mapped(tmp_path, sequence="{model: counter, order: strict, start: 1}")
    plant.drop_confirmation(2)
    plant.run()
    (waiting,) = (plant.directory / "working/confirmations").glob("*.output")
    waiting.unlink()
    plant.drop_confirmation(1)
    (report,) = plant.run()
    (problem,) = report.problems
    assert problem.error.code == "file-missing"
    words = (problem.error.hint or "").split("`")[1].split()
    assert words[:3] == ["gateway", "formats", "map"]
    done = map_file(Path(words[3]), None, words[5], shared_catalogue(), Path(words[7]))
    assert str(done.sha256) in (problem.error.hint or "")
    plant.clock.advance(hours=1)
    plant.run()
    assert plant.delivered() == [name_of(1), name_of(2)]
    plant.demand_proof()
