"""Every program is compiled, read by Kubeflow's four strict parses and its loader, and run by `kfp.local`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engines import SpecCase
from kubeflow_programs import value_of
from oracle import plain_outputs
from pipec.compiler import compile

if TYPE_CHECKING:
    from engines import Kubeflow, SpecRun

PROGRAMS = Path(__file__).parent / "programs"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))

RUNS: dict[str, tuple[str, dict[str, Any], Any]] = {
    # Name of the run: program, arguments, what the pipeline returns.
    "two outputs": ("two_outputs", {"n": 4}, "2:[2, 3]"),
    "the default": ("two_outputs", {}, "3:[3, 4, 5]"),
    "twice": ("twice", {}, "abababab"),
    "nested": ("nested", {}, "21 221 [21, 221]"),
    "frames": ("frames", {}, 6),
    "exact": ("exact", {}, f"{2**53 + 1} nan -0.0 {2**60 + 1}"),
    "hostile constants and results": ("hostile", {}, True),
    "typed, nearly all defaults": (
        "typed",
        {"n": 7},
        repr((7, 1.0, 'plain "quoted" it\'s', False, [1, 2], {"a": 1.0}, None, None)),
    ),
    "typed, all given": (
        "typed",
        {
            "n": -(2**53) + 1,
            "rate": 2.0,
            "name": "{{workflow.name}} {{=1}} $(HOME) \\ \n é\U0001f600",
            "flag": True,
            "sizes": [],
            "table": {"x y": -0.5},
            "seed": "0",
            "label": "as it is",
        },
        repr(
            (
                -(2**53) + 1,
                2.0,
                "{{workflow.name}} {{=1}} $(HOME) \\ \n é\U0001f600",
                True,
                [],
                {"x y": -0.5},
                0,
                "as it is",
            )
        ),
    ),
    "settings": ("settings", {}, "yes{{x}} $(HOME)"),
    "a pipeline with the name of a component": ("s_train", {}, 3),
    "odd names": ("names", {}, "c3"),
    "gathered": (
        "gathered",
        {},
        "n=5 [{'n': 0}, {'n': 1}, {'n': 2}] {'first': {'n': 0}, 'last': {'n': 2}}",
    ),
    "ordered": ("ordered", {}, None),
    "hooks of a good run": ("hooks", {}, 11),
    "retries outside loops and inside": ("retried", {}, "[2, 12]"),
}

CONTROL: dict[str, tuple[str, dict[str, Any]]] = {
    # Name of the run: program, arguments. What it returns is what plain Python returns.
    "the first arm": ("branches", {}),
    "the second arm, of values": ("branches", {"n": 3}),
    "the last arm, of two steps": ("branches", {"n": 2, "mode": "slow"}),
    "no arm of a condition over parameters": ("branches", {"n": 2, "mode": "slow", "flag": False}),
    "three items": ("loops", {}),
    "one item": ("loops", {"n": 1, "factor": 3}),
    "no items": ("loops", {"n": 0}),
    "loops and conditions in one another": ("mixed", {}),
    "loops over nothing in one another": ("mixed", {"n": 1}),
    "a loop over nothing around all": ("mixed", {"n": 0}),
    "models that only pickle carries": ("models", {}),
}


def emitted(name: str) -> dict[str, str]:
    """The files of a program, which must compile."""
    compilation = compile(PROGRAMS / f"{name}.py", "kubeflow")
    assert not [each for each in compilation.diagnostics if each.is_error], compilation.diagnostics
    return {file.path: file.text for file in compilation.files}


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("specs")
    paths: dict[str, Path] = {}
    for name in NAMES:
        for file, text in emitted(name).items():
            paths[name] = folder / file
            paths[name].write_text(text, encoding="utf-8")
    return paths


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the working folder of each run, by the run's name."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(scope="module")
def runs(kubeflow: Kubeflow, specs: dict[str, Path], homes: Path) -> dict[str, SpecRun]:
    given = {name: (program, arguments) for name, (program, arguments, _) in RUNS.items()} | CONTROL
    given["fails"] = ("fails", {})
    given["hooks of a bad run"] = ("hooks", {"n": 8})
    cases = [SpecCase(specs[program], given[name][1], home=homes / name) for name, (program, _) in given.items()]
    return dict(zip(given, kubeflow.run(cases), strict=True))


def test_every_spec_is_parsed_strictly(kubeflow: Kubeflow, specs: dict[str, Path]) -> None:
    for verdict in kubeflow.check(list(specs.values())):
        assert verdict.errors == (), verdict.path


@pytest.mark.parametrize("name", RUNS)
def test_it_runs(runs: dict[str, SpecRun], name: str) -> None:
    run = runs[name]
    assert run.state == "success", f"{run.error}\n{run.log[-3000:]}"
    expected = RUNS[name][2]
    assert [value_of(output) for output in run.outputs.values()] == ([] if expected is None else [expected])


@pytest.mark.parametrize("name", CONTROL)
def test_control_flow_means_what_python_does(runs: dict[str, SpecRun], name: str) -> None:
    run, (program, arguments) = runs[name], CONTROL[name]
    assert run.state == "success", f"{run.error}\n{run.log[-3000:]}"
    names = [output.name for output in compile(PROGRAMS / f"{program}.py", "kubeflow").pipelines[0].outputs]
    expected = plain_outputs(PROGRAMS / f"{program}.py", program, len(names), arguments)
    assert [value_of(run.outputs[name]) for name in names] == expected


def test_arms_that_are_not_taken_do_not_run(runs: dict[str, SpecRun]) -> None:
    def ran(name: str) -> set[str]:
        return {task.component.removeprefix("comp-s-") for task in runs[name].tasks}

    assert ran("the first arm") == {"measure", "is-even", "if-score-gate", "if-score-big", "report"}
    assert "if-flag-polish-2" in ran("the last arm, of two steps")
    assert "if-flag-polish-2" not in ran("no arm of a condition over parameters")


def test_hooks_run_around_the_steps(runs: dict[str, SpecRun], homes: Path) -> None:
    assert (homes / "hooks of a good run/notes.txt").read_text().splitlines() == [
        "init",
        "add 1",
        "a step is done",
        "add 6",
        "a step is done",
        "the run succeeded",
        "cleanup",
    ]
    bad = runs["hooks of a bad run"]
    assert bad.state == "failed"
    assert (homes / "hooks of a bad run/notes.txt").read_text().splitlines() == [
        "init",
        "add 8",
        "a step is done",
        "a step failed: 13 is too much",
        "the run failed",
        "cleanup",
    ]
    assert [(task.component, task.state) for task in bad.tasks][-2:] == [
        ("comp-s-steps-add-2", "failed"),
        ("comp-s-after", "success"),
    ]


def test_a_step_in_a_loop_is_retried_in_its_pod(runs: dict[str, SpecRun], homes: Path) -> None:
    states = [(task.component, task.state) for task in runs["retries outside loops and inside"].tasks]
    assert [state for component, state in states if component == "comp-s-third"] == ["failed", "failed", "success"]
    assert [state for component, state in states if component.endswith("third-2")] == ["success", "success"]
    assert not (homes / "retries outside loops and inside/notes.txt").exists(), "nobody gave up"


def test_facts_of_the_run(kubeflow: Kubeflow, specs: dict[str, Path], tmp_path: Path) -> None:
    """A canary, too: the local runner cannot fill in the start of a run; a spec with a time in its place shows the rest."""
    text = specs["facts"].read_text(encoding="utf-8")
    assert text.count("{{$.pipeline_job_create_time_utc}}") == 1
    dated = tmp_path / "dated.yaml"
    dated.write_text(text.replace("{{$.pipeline_job_create_time_utc}}", "2026-01-31T06:00:00Z"), encoding="utf-8")
    local, run = kubeflow.run([SpecCase(specs["facts"]), SpecCase(dated, home=tmp_path / "home")])
    assert (local.state, local.error) == ("failed", "IndexError: list index out of range")
    assert run.state == "success", run.log[-3000:]
    assert [value_of(output) for output in run.outputs.values()] == [[True, True, False]]


def stored(name: str, root: Path, folder: Path) -> Path:
    """The spec of a program that needs a store."""
    compilation = compile(PROGRAMS / f"stored/{name}.py", "kubeflow", options={"artifact_root": str(root)})
    assert not [each for each in compilation.diagnostics if each.is_error], compilation.diagnostics
    (file,) = compilation.files
    spec = folder / f"{name}.yaml"
    spec.write_text(file.text, encoding="utf-8")
    return spec


def test_what_a_store_is_needed_for(kubeflow: Kubeflow, tmp_path: Path) -> None:
    """A hook gets the first exception, of its own class; a look-up finds an artifact; a policy of the cache is obeyed."""
    root = tmp_path / "store"
    lookup = stored("lookup", root, tmp_path)
    alarm, first, second = kubeflow.run(
        [
            SpecCase(stored("alarm", root, tmp_path), home=tmp_path / "alarm"),
            SpecCase(lookup, home=tmp_path / "first"),
            SpecCase(lookup, {"label": "second"}, home=tmp_path / "second"),
        ]
    )
    assert alarm.state == "failed"
    assert (tmp_path / "alarm/notes.txt").read_text() == "TooMuch: 2 is too much\n"
    assert [run.state for run in (first, second)] == ["success", "success"], first.log[-3000:]
    for run in (first, second):
        assert [value_of(output) for output in run.outputs.values()] == ["{'n': 1} first"]
    assert (tmp_path / "first/notes.txt").read_text() == "read first\n"
    assert not (tmp_path / "second/notes.txt").exists(), "the result came from the cache"
    assert sorted(path.name for path in (root / "artifacts").iterdir() if path.is_dir()) == ["made_for_kubeflow"]


def test_after_is_obeyed_across_scopes(runs: dict[str, SpecRun]) -> None:
    components = [task.component for task in runs["ordered"].tasks]
    assert components == ["comp-s-note-3", "comp-s-note-2", "comp-s-later-note-4", "comp-s-note"]


def test_a_failing_step_fails_the_run_and_what_depends_on_it(runs: dict[str, SpecRun]) -> None:
    run = runs["fails"]
    assert run.state == "failed"
    assert [(task.component, task.state) for task in run.tasks] == [
        ("comp-s-good", "success"),
        ("comp-s-bad", "failed"),
    ]
    assert "ValueError: no good: 1" in run.log


def test_without_the_marker_the_local_runner_refuses(
    kubeflow: Kubeflow, specs: dict[str, Path], tmp_path: Path
) -> None:
    """A canary: when this fails, Kubeflow runs any command and `executor.LOCAL_MARKER` can go."""
    text = specs["twice"].read_text(encoding="utf-8")
    assert "kfp.dsl.executor_main" in text
    spec = tmp_path / "bare.yaml"
    spec.write_text(text.replace("kfp.dsl.executor_main", "none"), encoding="utf-8")
    (run,) = kubeflow.run([SpecCase(spec)])
    assert run.state == "failed"
    assert "only supports running Lightweight Python Components" in f"{run.error} {run.log}"


def test_one_of_several_artifacts_is_beyond_the_local_runner(kubeflow: Kubeflow, specs: dict[str, Path]) -> None:
    """A canary: when this fails, Kubeflow has mended its runner, and `specrun.mend` can go."""
    (run,) = kubeflow.run([SpecCase(specs["branches"], mended=False)])
    assert run.state == "failed"
    assert "Expected 1 artifact in ArtifactSelectorSpec" in (run.error or "")


def test_the_local_runner_collects_nothing_from_no_iteration(
    kubeflow: Kubeflow, specs: dict[str, Path], tmp_path: Path
) -> None:
    """A canary, also of the backend's rule: when this fails, see whether loops over nothing still need an iteration."""
    text = specs["loops"].read_text(encoding="utf-8")
    assert '"indices_json": [-1]' in text
    spec = tmp_path / "none.yaml"
    spec.write_text(text.replace('"indices_json": [-1]', '"indices_json": []'), encoding="utf-8")
    (run,) = kubeflow.run([SpecCase(spec, {"n": 0})])
    assert run.state == "failed"
    assert "Tried to get output" in (run.error or "")


def test_the_local_runner_takes_a_quote_in_text_for_the_end_of_it(kubeflow: Kubeflow, specs: dict[str, Path]) -> None:
    """A canary: the backend compares such text rightly; when this fails, the local runner does, too."""
    run, other = kubeflow.run(
        [SpecCase(specs["branches"], {"n": 7, "mode": mode}) for mode in ("x' or 'a'=='a", "it's slow")]
    )
    assert "comp-s-if-flag-polish-2" in {task.component for task in run.tasks}
    assert "comp-s-if-flag-polish-2" not in {task.component for task in other.tasks}
