"""The drivers for Airflow, on DAGs written by hand: what they report is what Airflow did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engines import DagCase, DagRun

if TYPE_CHECKING:
    from engines import Airflow

DAGS = Path(__file__).parent / "dags"
SUMS = DAGS / "sums"


def test_check_judges_each_path_by_itself(airflow: Airflow) -> None:
    paths = [
        SUMS / "sums.py",
        DAGS / "deprecated",
        DAGS / "broken/broken.py",
        DAGS / "broken/empty.py",
        DAGS / "none.py",
    ]
    good, deprecated, broken, empty, absent = airflow.check(paths)
    assert (good.errors, good.warnings) == ((), ())
    assert good.tasks == {"sums": ("first", "second")}
    assert deprecated.errors == ()
    assert len(deprecated.warnings) == 1
    assert "airflow.decorators.task" in deprecated.warnings[0]
    assert "a_module_that_is_not_there" in broken.errors[0]
    assert empty.errors == ("Airflow found no DAG here",)
    assert absent.errors == ("no such file or folder",)


def test_the_serialised_digest_does_not_depend_on_place_or_hash_seed(airflow: Airflow, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere.py"
    moved.write_bytes((SUMS / "sums.py").read_bytes())
    (first,) = airflow.check([SUMS / "sums.py"], hash_seed="1")
    (second,) = airflow.check([moved], hash_seed="2")
    assert first.serialized == second.serialized
    moved.write_text(moved.read_text().replace("Param(5", "Param(6"))
    (changed,) = airflow.check([moved])
    assert changed.serialized.keys() == first.serialized.keys()
    assert changed.serialized != first.serialized


@pytest.fixture(scope="session")
def runs(airflow: Airflow, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DagRun]:
    """All cases in one process, since starting Airflow is what costs."""
    slow = tmp_path_factory.mktemp("slow")
    slow.joinpath("slow.py").write_text(
        "from airflow.sdk import DAG, task\n"
        "with DAG(dag_id='slow', schedule=None):\n"
        "    @task\n"
        "    def wait():\n"
        "        import time; time.sleep(600)\n"
        "    wait()\n"
    )
    home = tmp_path_factory.mktemp("home")
    cases = {
        "default": DagCase(SUMS, "sums", home=home),
        "conf": DagCase(SUMS, "sums", conf={"n": 7}),
        "again": DagCase(SUMS, "sums"),
        "fails": DagCase(SUMS, "sums", conf={"n": 100}),
        "refused": DagCase(SUMS, "sums", conf={"n": "many"}),
        "unknown": DagCase(SUMS, "nothing"),
        "slow": DagCase(slow, "slow", timeout=8),
    }
    return dict(zip(cases, airflow.run(list(cases.values())), strict=True))


def test_a_run_reports_states_and_values(runs: dict[str, DagRun]) -> None:
    run = runs["default"]
    assert (run.state, run.error) == ("success", None)
    assert run.states == {"first": "success", "second": "success"}
    assert run.xcoms == {"first": 6, "second": {"total": 7}}
    assert run.all_xcoms[("first", -1, "return_value")] == 6
    assert run.tries == {"first": 1, "second": 1}


def test_parameters_of_one_case_do_not_reach_the_next(runs: dict[str, DagRun]) -> None:
    assert runs["conf"].xcoms["first"] == 8
    assert runs["again"].xcoms["first"] == 6


def test_a_failed_task_fails_the_run(runs: dict[str, DagRun]) -> None:
    run = runs["fails"]
    assert run.state == "failed"
    assert run.states == {"first": "success", "second": "failed"}
    assert "too big" in run.log


def test_what_cannot_run_says_why(runs: dict[str, DagRun]) -> None:
    assert runs["refused"].state is None
    assert "'many' is not of type 'integer'" in (runs["refused"].error or "")
    assert runs["unknown"].error == "no DAG 'nothing': the folder has ['sums']"


def test_a_case_that_hangs_is_ended(runs: dict[str, DagRun]) -> None:
    assert (runs["slow"].state, runs["slow"].error) == (None, "not finished after 8 s")
