"""Steps in images: the text of the DAG files, what Airflow says of them, the pods, and runs on a real container engine."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_conformance import Prepared
from airflow_images import build, in_images, pods, write
from airflow_programs import HERE, pipeline_of
from conformance import FOLDER, program
from engines import DagCase
from pipec.compiler.images.model import EVERY_STEP, StepImage
from pipec.compiler.ir.config import Config, Resources
from pipec.compiler.ir.model import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from containers import Containers
    from engines import Airflow, DagRun
    from pipec.compiler.ir.model import Pipeline

    Golden = Callable[[Path, str], None]

GOLDEN = HERE / "golden/images"
OPERATORS = ("docker", "kubernetes")
PROGRAMS: dict[str, Callable[[], Pipeline]] = {
    "pods": pods,
    "loops_in_arms": lambda: pipeline_of("loops_in_arms"),
    "lifecycle": lambda: pipeline_of("lifecycle"),
}
RUFF = str(Path(sys.executable).with_name("ruff"))


def files_of(name: str, operator: str) -> dict[str, str]:
    pipeline = PROGRAMS[name]()
    if name == "pods" and operator == "docker":
        pipeline = without_pods(pipeline)
    files, found = in_images(pipeline, operator=operator)
    assert found == []
    return {file.path: file.text for file in files}


def without_pods(pipeline: Pipeline) -> Pipeline:
    """A container of Docker has no pod settings."""
    from pipec.compiler.ir.rewrite import rewrite

    def bare(operation: Any) -> tuple[Any, ...]:
        if not isinstance(operation, Call):
            return (operation,)
        kept = {key: value for key, value in operation.config.settings.items() if key != "orchestrator.kubernetes"}
        return (replace(operation, config=replace(operation.config, settings=kept)),)

    return replace(pipeline, body=rewrite(pipeline.body, bare))


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_text(name: str, operator: str, golden: Golden) -> None:
    golden(GOLDEN / f"{name}_{operator}.py", files_of(name, operator)[f"{name}.py"])


def test_the_code_of_the_steps_stays_in_the_images() -> None:
    assert sorted(files_of("loops_in_arms", "docker")) == [
        "loops_in_arms.pipec/.airflowignore",
        "loops_in_arms.pipec/pipec/airflow.json",
        "loops_in_arms.pipec/pipec/runtime/airflow.py",
        "loops_in_arms.pipec/pipec/runtime/airflow_ending.py",
        "loops_in_arms.pipec/pipec/runtime/airflow_environment.py",
        "loops_in_arms.pipec/pipec/runtime/airflow_image.py",
        "loops_in_arms.pipec/pipec/runtime/airflow_inputs.py",
        "loops_in_arms.pipec/pipec/runtime/store/layout.py",
        "loops_in_arms.py",
    ]


def test_files_are_formatted(tmp_path: Path) -> None:
    for name in PROGRAMS:
        for operator in OPERATORS:
            (tmp_path / f"{name}_{operator}.py").write_text(files_of(name, operator)[f"{name}.py"], encoding="utf-8")
    for command in (["format", "--diff"], ["check", "--preview", "--select", "AIR,F,E9,I,B"]):
        done = subprocess.run(
            [RUFF, *command, "--isolated", str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def messages(pipeline: Pipeline, images: dict[str, StepImage] | None = None, **options: Any) -> list[str]:
    files, found = in_images(pipeline, images, **options)
    assert not files
    return [f"{each.code} {each.message}" for each in found]


def with_config(pipeline: Pipeline, **fields: Any) -> Pipeline:
    (call, *others) = pipeline.body.operations
    assert isinstance(call, Call)
    changed = replace(call, config=replace(Config(), **fields))
    return replace(pipeline, body=replace(pipeline.body, operations=(changed, *others)))


def operator_args(**given: Any) -> dict[str, Any]:
    return {"settings": {"orchestrator.airflow": {"operator_args": given}}}


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a template": (
        operator_args(queue="{{ macros.uuid.os }}"),
        {},
        "PC0412 Airflow would take `{{ macros.uuid.os }}` for a template",
    ),
    "a script": (operator_args(hostname="run.sh"), {}, "PC0412 Airflow would take `run.sh` for a template"),
    "an argument": (
        operator_args(retrieve_output=True),
        {},
        "PC0413 `retrieve_output` in `operator_args` is not given to the operator",
    ),
    "a pod": (
        {"settings": {"orchestrator": {"service_account_name": "ml"}}},
        {},
        "PC0413 `service_account_name` is about pods, and steps do not run in pods",
    ),
    "a field": (
        {"settings": {"orchestrator.kubernetes": {"pod_failure_policy": {"rules": []}}}},
        {"operator": "kubernetes"},
        "PC0413 Airflow has no word for `pod_failure_policy` in the settings",
    ),
    "another operator": (
        {"settings": {"orchestrator.airflow": {"operator": "company.operators.Run"}}},
        {},
        "PC0413 steps cannot be run with the operator `company.operators.Run`",
    ),
    "a class of GPU": (
        {"resources": Resources(gpu_class="a100")},
        {},
        "PC0401 the GPU class `a100` cannot be asked for",
    ),
    "a secret": (
        {"secrets": ("My_Keys",)},
        {"operator": "kubernetes"},
        "PC0406 `My_Keys` is no name of a Kubernetes Secret",
    ),
    "a folder": (
        {},
        {"operator": "kubernetes", "artifact_root": "/data"},
        "PC0415 `/data` is no place that pods reach",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    config, options, message = REFUSED[name]
    found = messages(with_config(pipeline_of("frames"), **config), **options)
    assert message in found


def test_an_image_without_code_in_a_pod() -> None:
    images = {EVERY_STEP: StepImage("company/ml:3", has_code=False)}
    (fault,) = messages(pipeline_of("frames"), images, operator="kubernetes")
    assert fault == "PC0414 `company/ml:3` is used as it is, and a pod has no way to get the code of the step"


def test_resources_of_a_worker() -> None:
    from airflow_programs import legalized

    pipeline = with_config(pipeline_of("frames"), resources=Resources(cpu_count=2))
    files, found = legalized(pipeline)
    assert (files, [each.code for each in found]) == ([], ["PC0401"])


def test_airflow_imports_the_files(airflow: Airflow, tmp_path: Path) -> None:
    """No error, no warning, the same serialised form for every hash seed."""
    folders: list[Path] = []
    for name in PROGRAMS:
        for operator in OPERATORS:
            folder = tmp_path / f"{name}-{operator}"
            for path, text in files_of(name, operator).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
            folders.append(folder / f"{name}.py")
    verdicts = airflow.check(folders)
    for verdict in verdicts:
        assert (verdict.errors, verdict.warnings) == ((), ()), verdict
    again = airflow.check(folders, hash_seed="7")
    assert [each.serialized for each in again] == [each.serialized for each in verdicts]


def test_pods(airflow: Airflow, golden: Golden, tmp_path: Path) -> None:
    """What KubernetesPodOperator makes of the file: the pods, and what is in their invocations."""
    files, _ = in_images(pods(), artifact_root="s3://bucket/pipec")
    built = airflow.pods(write(files, tmp_path) / "pods.py")
    for each in built.values():
        # The release is that of the engine.
        each["pod"]["metadata"]["labels"].pop("airflow_version")
    golden(GOLDEN / "pods.json", json.dumps(built, indent=2, sort_keys=True) + "\n")


SAMPLE = (
    "conditions/nested",
    "loops/condition_inside",
    "failures/in_a_loop",
    "hooks/run_fails",
    "data/hostile_strings",
    "settings/environment",
)
"""Of the conformance suite, run in containers."""


class Contained(Prepared):
    """A run of a program in containers of an image that has its code."""

    def __init__(self, containers: Containers, name: str, folder: Path) -> None:
        self.program, self.expected = program(name), program(name).runs[0]
        # Containers see nothing of this machine but the store.
        store = folder / "store"
        super().__init__(self.program, self.expected, folder, given=store / "given")
        image = build(containers, self.pipeline, folder / "image", {FOLDER: str(self.folder)})
        files, found = in_images(self.pipeline, {EVERY_STEP: image}, network="none")
        assert not [each for each in found if each.is_error]
        dags = write(files, folder / "contained")
        environment = {"DOCKER_HOST": containers.host, "PIPEC_ARTIFACT_ROOT": str(store)}
        self.case = replace(self.case, dags_folder=dags, environment=environment)


@pytest.fixture(scope="module")
def contained(containers: Containers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Contained]:
    folder = tmp_path_factory.mktemp("contained")
    return {name: Contained(containers, name, folder / name.replace("/", "-")) for name in SAMPLE}


@pytest.fixture(scope="module")
def reports(
    airflow: Airflow, containers: Containers, contained: dict[str, Contained], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, DagRun]:
    """The sample, and programs of this file's own, in two processes."""
    folder = tmp_path_factory.mktemp("runs")
    cases = {name: each.case for name, each in contained.items()}
    for name, conf in (("slow", None), ("told", None)):
        pipeline = program_of(name)
        image = build(containers, pipeline, folder / name / "image", {})
        if name == "told":
            # An image that is used as it is gets the code from the worker.
            image = StepImage(containers.base, has_code=False)
        files, _ = in_images(pipeline, {EVERY_STEP: image}, network="none", artifact_secret="bucket")
        dags = write(files, folder / name / "dags")
        environment = {
            "DOCKER_HOST": containers.host,
            "PIPEC_ARTIFACT_ROOT": str(folder / name / "store"),
            "AIRFLOW_VAR_BUCKET": '{"KEY": "k{{ 1 }}", "NUMBER": 5}',
            "AIRFLOW_VAR_TRACKER": '{"TOKEN": "t$(HOME)"}',
        }
        cases[name] = DagCase(dags, name, conf=conf, environment=environment, timeout=300)
    halves = [list(cases)[::2], list(cases)[1::2]]
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda keys: airflow.run([cases[key] for key in keys]), halves)
        return {
            key: run for keys, runs in zip(halves, answers, strict=True) for key, run in zip(keys, runs, strict=True)
        }


def program_of(name: str) -> Pipeline:
    from pipec.compiler.driver import compile

    (pipeline,) = compile(HERE / f"images/programs/{name}.py", None).pipelines
    return pipeline


@pytest.mark.parametrize("name", SAMPLE)
def test_containers_agree(contained: dict[str, Contained], reports: dict[str, DagRun], name: str) -> None:
    this, report = contained[name], reports[name]
    assert str(this.trace(report)) == str(this.expected.expected), (
        f"{dict(report.states)}\n{report.error}\n{report.log[-3000:]}"
    )


def test_what_a_container_is_told(reports: dict[str, DagRun]) -> None:
    """Secrets and variables arrive as they are; the invocation is gone from the environment."""
    report = reports["told"]
    assert report.state == "success", report.log[-3000:]
    place = Path(report.all_xcoms["look", -1, "output"]["artifact"])
    (file,) = json.loads((place / "manifest.json").read_text(encoding="utf-8"))["files"]
    told = json.loads(json.loads((place / file).read_text(encoding="utf-8")))
    assert told == {
        "KEY": "k{{ 1 }}",
        "NUMBER": "5",
        "TOKEN": "t$(HOME)",
        "PLAIN": "{{ var.value.x }} $(PATH) $5",
        "LATER": "fallback {{ x }}",
        "invocation": [],
    }


def test_a_timeout_ends_the_container(reports: dict[str, DagRun], containers: Containers) -> None:
    report = reports["slow"]
    assert (report.state, report.states["sleep"]) == ("failed", "failed")
    left = containers.docker("ps", "-a", "--format", "{{.Command}}").stdout
    assert "airflow image" not in left, left
