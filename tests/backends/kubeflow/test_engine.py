"""Every program is compiled, read by Kubeflow's four strict parses and its loader, and run by `kfp.local`."""

from __future__ import annotations

import json
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engines import SpecCase
from pipec.compiler import compile
from pipec.runtime import codec

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
def runs(kubeflow: Kubeflow, specs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, SpecRun]:
    homes = {name: tmp_path_factory.mktemp("home") for name in [*RUNS, "fails"]}
    cases = [SpecCase(specs[program], arguments, home=homes[name]) for name, (program, arguments, _) in RUNS.items()]
    cases.append(SpecCase(specs["fails"], home=homes["fails"]))
    return dict(zip([*RUNS, "fails"], kubeflow.run(cases), strict=True))


def test_every_spec_is_parsed_strictly(kubeflow: Kubeflow, specs: dict[str, Path]) -> None:
    for verdict in kubeflow.check(list(specs.values())):
        assert verdict.errors == (), verdict.path


@pytest.mark.parametrize("name", RUNS)
def test_it_runs(runs: dict[str, SpecRun], name: str) -> None:
    run = runs[name]
    assert run.state == "success", f"{run.error}\n{run.log[-3000:]}"
    expected = RUNS[name][2]
    assert [value_of(output) for output in run.outputs.values()] == ([] if expected is None else [expected])


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


def value_of(output: Any) -> Any:
    """The value of an output of the root: canonical text, or an artifact of JSON."""
    if isinstance(output, dict):
        folder = Path(urllib.parse.unquote(output["uri"]))
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (file,) = manifest["files"]
        return codec.loads((folder / file).read_text(encoding="utf-8"))
    return codec.loads(output)
