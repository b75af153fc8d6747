"""What is reused, and what is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local_runs import SourceProject
from pipec.backends.local import RunResult

PROGRAM = Path(__file__).parent / "programs/cached"


@pytest.fixture
def project(tmp_path: Path) -> SourceProject:
    return SourceProject(tmp_path, PROGRAM)


def hits(result: RunResult) -> list[str]:
    assert result.state == "succeeded"
    return sorted(name for name, state in result.operations.items() if state == "cached")


def test_the_second_run_takes_everything_from_the_first(project: SourceProject) -> None:
    first, second = project.run(), project.run()
    assert (hits(first), hits(second)) == ([], ["load", "scaled", "shifted"])
    assert first.outputs == second.outputs == {next(iter(first.outputs)): [3, 5, 7]}


def test_a_parameter_counts_for_what_depends_on_it(project: SourceProject) -> None:
    project.run()
    result = project.run({"factor": 3})
    assert (hits(result), [*result.outputs.values()]) == (["load"], [[4, 7, 10]])
    assert hits(project.run({"factor": 3})) == ["load", "scaled", "shifted"]


def test_a_comment_changes_nothing(project: SourceProject) -> None:
    project.run()
    for file in (project.file, project.folder / "lib/one.py"):
        file.write_text("# a comment\n\n\n" + file.read_text().replace(" * ", "  *  "))
    assert hits(project.run()) == ["load", "scaled", "shifted"]


def test_a_helper_counts_for_the_steps_that_reach_it(project: SourceProject) -> None:
    project.run()
    helper = project.folder / "lib/two.py"
    helper.write_text(helper.read_text().replace("OFFSET = 1", "OFFSET = 10"))
    result = project.run()
    assert (hits(result), [*result.outputs.values()]) == (["load", "scaled"], [[12, 14, 16]])


def test_an_equal_result_spares_what_follows(project: SourceProject) -> None:
    """`load` runs again, and gives what it gave: the others have the same inputs."""
    project.run()
    project.file.write_text(project.file.read_text().replace("[1, 2, 3]", "list((1, 2, 3))"))
    assert hits(project.run()) == ["scaled", "shifted"]


def test_no_cache_takes_nothing_and_keeps_what_it_made(project: SourceProject) -> None:
    project.run()
    assert hits(project.run(use_cache=False)) == []
    assert hits(project.run()) == ["load", "scaled", "shifted"]


def test_a_step_that_says_so_is_not_reused(project: SourceProject) -> None:
    text = project.file.read_text().replace("@step\ndef load", "@step(enable_cache=False)\ndef load")
    project.file.write_text(text)
    project.run()
    assert hits(project.run()) == ["scaled", "shifted"]


def test_bytes_that_are_gone_are_made_again(project: SourceProject) -> None:
    first = project.run()
    shutil.rmtree(Path(first.folder) / "scaled")
    assert hits(project.run()) == ["load", "shifted"]


def test_a_failure_is_not_kept(project: SourceProject) -> None:
    helper = project.folder / "lib/one.py"
    good = helper.read_text()
    helper.write_text(good.replace("return number * factor", "raise ValueError(number)"))
    assert project.run().state == project.run().state == "failed"
    helper.write_text(good)
    assert hits(project.run()) == ["load"]
