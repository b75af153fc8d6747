"""The files for Argo: valid to the strict schema and Argo's own validators, run, and compared with expected files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import readable_files
from engines import Argo
from pipec.backends.argo import backend
from pipec.backends.argo_interpreter import Broken, Run, submit
from pipec.compiler.backend import Request
from pipec.compiler.driver import Compilation, compile
from pipec.compiler.ir import types
from pipec.compiler.ir.config import Schedule
from pipec.compiler.ir.features import Feature
from pipec.compiler.ir.model import Call, Pipeline
from pipec.compiler.ir.values import Const, Expr, Lazy, RunFact

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SCHEMAS = [folder / "shared/data/argo-workflow.schema.json" for folder in (ROOT.parent, ROOT.parent.parent)]
PROGRAMS = sorted(path.stem for path in (HERE / "programs").glob("*.py"))
EXAMPLES = {
    "hello": "hello.py",
    "parallel": "parallel.py",
    "churn": "churn/training.py",
    "zenml_unmodified": "pipelines/training.py",
}
OPTIONS = {option.name: option.default for option in backend.options}


STORED = {"artifact_root": "s3://bucket/pipec", "artifact_secret": "store"}


@cache
def compiled(path: Path) -> Compilation:
    return compile(path, "argo", options=STORED if path.stem == "stored" else {})


def program(name: str) -> Compilation:
    return compiled(HERE / "programs" / f"{name}.py")


def text_of(name: str) -> str:
    compilation = program(name)
    assert compilation.files, [each.message for each in compilation.diagnostics]
    return compilation.files[0].text


def pipeline_of(name: str) -> Pipeline:
    return compile(HERE / "programs" / f"{name}.py", None).pipelines[0]


def emitted(pipeline: Pipeline, **options: Any) -> str:
    request = Request("program.py", "pipec compile program.py --target argo", {**OPTIONS, **options})
    model, found = backend.legalize(pipeline, request)
    assert model is not None, [each.message for each in found]
    files = backend.emit(model, request)
    assert backend.check(files) == []
    return files[0].text


def refused(pipeline: Pipeline) -> list[str]:
    """The errors of legalisation, as `code message`."""
    model, found = backend.legalize(pipeline, Request("program.py", "pipec compile", OPTIONS))
    assert model is None
    return [f"{each.code} {each.message}" for each in found if each.is_error]


def with_config(pipeline: Pipeline, **changes: Any) -> Pipeline:
    """The pipeline with its first call configured otherwise."""
    first, *rest = pipeline.body.operations
    assert isinstance(first, Call)
    changed = replace(first, config=replace(first.config, **changes))
    return replace(pipeline, body=replace(pipeline.body, operations=(changed, *rest)))


def with_last(pipeline: Pipeline, call: Call) -> Pipeline:
    """The pipeline with its last call replaced."""
    return replace(pipeline, body=replace(pipeline.body, operations=(*pipeline.body.operations[:-1], call)))


def run(name: str, folder: Path, /, **arguments: Any) -> Run:
    return submit(
        text_of(name),
        folder,
        {key: json.dumps(value) for key, value in arguments.items()},
        secrets={"warehouse": {"TOKEN": "t0k {{workflow.name}} $(MODE)"}},
    )


def value_of(run: Run, name: str) -> Any:
    """An output parameter of the run, decoded."""
    return json.loads(run.outputs.parameters[name])


# Validity


@pytest.fixture(scope="session")
def schema() -> Any:
    for path in SCHEMAS:
        if path.exists():
            return json.loads(path.read_text())
    if os.environ.get("CI"):
        pytest.fail(f"{SCHEMAS[0]} is not there")
    pytest.skip(f"{SCHEMAS[0]} is not there")


def faults(schema: Any, text: str) -> Iterator[str]:
    for document in yaml.safe_load_all(text):
        if document["kind"] != "ConfigMap":
            reference = {"$ref": f"#/definitions/io.argoproj.workflow.v1alpha1.{document['kind']}"}
            validator = jsonschema.Draft202012Validator({**reference, **schema})
            yield from (f"{list(each.path)}: {each.message[:200]}" for each in validator.iter_errors(document))


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_fits_the_strict_schema(name: str, schema: Any) -> None:
    assert list(faults(schema, text_of(name))) == []


def test_a_misspelt_field_does_not_fit_the_strict_schema(schema: Any) -> None:
    assert list(faults(schema, text_of("outputs").replace("failFast:", "failfast:")))


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every program's file, and one with a schedule and every option."""
    folder = tmp_path_factory.mktemp("argo")
    texts = {name: text_of(name) for name in PROGRAMS} | {"full": full()}
    paths: list[Path] = []
    for name, text in texts.items():
        paths.append(folder / f"{name}.yaml")
        paths[-1].write_bytes(text.encode())
    return paths


def full() -> str:
    pipeline = pipeline_of("settings")
    pods = pipeline_of("pods")
    config = replace(pipeline.config, settings=pods.config.settings)
    pipeline = replace(pipeline, config=config)
    schedule = Schedule(pipeline.span, cron="0 3 * * 1-5", timezone="Europe/Berlin")
    return emitted(
        replace(pipeline, schedule=schedule),
        namespace="ml",
        service_account="runner",
        image_pull_secrets="one, two",
        ttl_seconds=3600,
        pod_gc="OnPodSuccess",
        artifact_root="gs://bucket/pipec",
        artifact_secret="gcs",
        image="registry.example/steps:1",
    )


def test_argo_4_accepts_every_file(argo: Argo, written: list[Path]) -> None:
    assert [(each.file, each.errors) for each in argo.lint(written) if each.errors] == []


def test_argo_3_accepts_every_file(argo3: Argo, written: list[Path]) -> None:
    assert [(each.file, each.errors) for each in argo3.lint(written) if each.errors] == []


def test_everything_that_can_be_set_fits_the_schema(schema: Any) -> None:
    assert list(faults(schema, full())) == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(example: str, schema: Any, argo: Argo, tmp_path: Path) -> None:
    path = ROOT / "examples" / example / EXAMPLES[example]
    compilation = compiled(path)
    assert not [each for each in compilation.diagnostics if each.is_error]
    (tmp_path / "file.yaml").write_bytes(compilation.files[0].text.encode())
    assert list(faults(schema, compilation.files[0].text)) == []
    assert [each.errors for each in argo.lint([tmp_path / "file.yaml"]) if each.errors] == []
    assert submit(compilation.files[0].text, tmp_path / "run").phase == "Succeeded"


# Expected files


@pytest.mark.parametrize("name", PROGRAMS)
def test_expected_files(name: str, golden: Callable[[Path, str], None]) -> None:
    golden(HERE / "golden" / name / f"{name}.yaml", readable_files.argo(text_of(name)))


def test_expected_file_with_everything_set(golden: Callable[[Path, str], None]) -> None:
    golden(HERE / "golden" / "full" / "full.yaml", readable_files.argo(full()))


# Runs


@pytest.mark.parametrize(
    ("name", "arguments", "output", "expected"),
    [
        ("outputs", {}, "report", "0.75 True {'base': 6} 7"),
        ("outputs", {"base": 2}, "report", "0.25 False {'base': 2} 7"),
        ("nested", {}, "text", "w-w-w3-w-w29"),
        ("gathered", {}, "all", "[0, 1, 4, 4] {'0': 'n0', '1': 'n1'} (1, 'n0') tuple"),
        ("structured", {}, "text", "a [0.1, 1e-09] {'x': 1} None True 1180591620717411303424"),
        (
            "structured",
            {"kind": "b", "maybe": 5, "names": {}},
            "text",
            "b [0.1, 1e-09] {} 5 True 1180591620717411303424",
        ),
        ("computed", {"name": "{{y}}"}, "say", "{{y}}-0.5/0.25"),
        ("alike", {}, "main", "6 5"),
        ("frames", {}, "total", 10),
    ],
)
def test_runs(name: str, arguments: dict[str, Any], output: str, expected: Any, tmp_path: Path) -> None:
    done = run(name, tmp_path, **arguments)
    assert done.phase == "Succeeded", {key: node.log for key, node in done.nodes.items()}
    assert value_of(done, output) == expected


def test_hostile_values_arrive_unchanged(tmp_path: Path) -> None:
    done = run("hostile", tmp_path)
    assert done.phase == "Succeeded", {key: node.log for key, node in done.nodes.items()}
    assert value_of(done, "verdict") == "{{workflow.name}} $(PATH) $$ \n'\""


def test_order(tmp_path: Path) -> None:
    done = run("ordered", tmp_path, path=str(tmp_path / "file"))
    assert value_of(done, "read") == "abc"


def test_a_run_without_a_required_argument_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="without a value"):
        run("ordered", tmp_path)


def test_a_failed_step_fails_what_depends_on_it_and_the_run(tmp_path: Path) -> None:
    done = run("failing", tmp_path)
    assert done.phase == "Failed"
    assert {name: node.phase for name, node in done.nodes.items()} == {
        "main": "Failed",
        "main.fails": "Failed",
        "main.after-it": "Omitted",
        "main.beside": "Succeeded",
        "main.after-it-2": "Succeeded",
    }
    assert "RuntimeError: no luck" in done.nodes["main.fails"].log


def test_a_retried_step_succeeds_in_the_end(tmp_path: Path) -> None:
    done = run("retried", tmp_path, path=str(tmp_path / "counter"))
    assert (done.phase, done.nodes["main.flaky"].attempts) == ("Succeeded", 3)


def test_environment_and_secrets_reach_the_step(tmp_path: Path) -> None:
    values = value_of(run("settings", tmp_path), "show")
    assert values == str(
        {
            "MODE": "fast",
            "BRACES": "{{workflow.name}} $(MODE)",
            "DOLLARS": "$(MODE) $$ $HOME",
            "TOKEN": "t0k {{workflow.name}} $(MODE)",
        }
    )


def test_a_wrong_argument_fails_before_user_code(tmp_path: Path) -> None:
    done = run("outputs", tmp_path, base="six")
    assert done.phase == "Failed"
    assert "base" in done.nodes["main.measure"].log


def test_facts_of_the_run_and_variables_of_the_container(tmp_path: Path) -> None:
    pipeline = pipeline_of("computed")
    *_, last = pipeline.body.operations
    assert isinstance(last, Call)
    home = Lazy("environment", {"name": "HOME"}, types.STR)
    start = Expr("str", (RunFact("start_time", "a", types.ANY),), types.STR)
    text = Expr("join", (start, Const(" ", types.STR), home), types.STR)
    changed = replace(last, arguments={"text": text, "half": RunFact("random", "b", types.FLOAT)})
    emission = emitted(with_last(pipeline, changed))
    value = value_of(submit(emission, tmp_path), "say")
    when, _, rest = value.partition(" ")
    assert (when, rest[:9]) == ("2026-02-03", "04:05:06+")
    assert str(tmp_path) in rest
    assert value_of(submit(emission, tmp_path / "again"), "say").rpartition("/")[2] == value.rpartition("/")[2]


# What is refused, and what is said


def test_every_feature_has_a_row() -> None:
    assert set(backend.ledger) == set(Feature)
    assert all(row.note for row in backend.ledger.values())


def test_what_needs_a_store_is_refused_without_one() -> None:
    compilation = compile(HERE / "programs" / "stored.py", "argo")
    assert [f"{each.code} {each.message}" for each in compilation.diagnostics if each.is_error] == [
        "PC0430 a look-up of kind `artifact` needs a store, and there is none"
    ]


def test_a_store_must_be_a_place_that_all_pods_reach() -> None:
    found = compile(HERE / "programs" / "stored.py", "argo", options={"artifact_root": "/tmp/x"}).diagnostics
    assert [f"{each.code} {each.message}" for each in found if each.is_error] == [
        "PC0404 `/tmp/x` is no place that all pods reach"
    ]


def test_a_cache_that_is_asked_for_and_has_no_store_is_noted() -> None:
    pipeline = with_config(pipeline_of("outputs"), cache=True)
    _, found = backend.legalize(pipeline, Request("program.py", "pipec compile", OPTIONS))
    assert [(each.severity, each.message) for each in found if each.code == "PC0402"] == [
        ("note", "step `measure` is not cached: every run of it runs")
    ]


def test_settings_that_argo_cannot_honour() -> None:
    pipeline = pipeline_of("computed")
    assert refused(with_config(pipeline, environment={"A-B": "x", "A B": "y"}, secrets=("not a secret",))) == [
        "PC0406 `A B` is no name of an environment variable in Kubernetes",
        "PC0406 `not a secret` is no name of a Kubernetes Secret",
    ]
    assert refused(with_config(pipeline, docker={"apt_packages": ["git"], "parent_image": "python:3.13"})) == [
        "PC0401 Docker setting `apt_packages` cannot be honoured"
    ]


def test_settings_of_the_kubernetes_orchestrator_reach_the_step(tmp_path: Path) -> None:
    assert value_of(run("pods", tmp_path), "show") == str(
        {"MODE": "pod", "OWN": "x", "TOKEN": "t0k {{workflow.name}} $(MODE)"}
    )


def test_settings_that_no_field_of_argo_has_are_refused() -> None:
    pipeline = pipeline_of("pods")
    orchestrator = {"active_deadline_seconds": 5, "pod_settings": {"labels": {"a": "{{b}}"}, "pets": ["x"]}}
    changed = with_config(pipeline, settings={"orchestrator": orchestrator, "step_operator": {"a": 1}})
    assert refused(changed) == [
        "PC0401 setting `step_operator` cannot be honoured",
        "PC0401 setting `active_deadline_seconds` cannot be honoured",
        "PC0401 setting `pod_settings.pets` cannot be honoured",
        "PC0404 `{{b}}` in the settings is a tag to Argo",
    ]


def test_requirements_are_installed_with_a_warning() -> None:
    found = [each for each in program("frames").diagnostics if each.code == "PC0408"]
    assert [(each.severity, each.message) for each in found] == [
        ("warning", "steps install `pandas` each time they start")
    ]


def test_too_large_a_constant_is_refused_with_the_figure() -> None:
    pipeline = pipeline_of("computed")
    *_, last = pipeline.body.operations
    assert isinstance(last, Call)
    large = replace(
        last, arguments={**last.arguments, "text": Const("x" * 200_000, next(iter(pipeline.parameters)).type)}
    )
    operations = (*pipeline.body.operations[:-1], large)
    found = refused(replace(pipeline, body=replace(pipeline.body, operations=operations)))
    assert found == ["PC0403 constants of `say`: 195 KiB, and Argo takes 100 KiB"]


def test_too_much_code_is_refused_with_the_figure() -> None:
    pipeline = pipeline_of("computed")
    grown = replace(pipeline, code=tuple(replace(file, text=file.text + "#" * 1_000_000) for file in pipeline.code))
    assert refused(grown)[0].startswith("PC0403 code that travels inline: ")


def test_the_check_finds_what_does_not_resolve() -> None:
    text = text_of("outputs")
    for before, after in [
        ("tasks.measure.outputs.artifacts.counts", "tasks.measure.outputs.artifacts.count"),
        ('depends: "measure.Succeeded && ', 'depends: "other.Succeeded && '),
        ("kind: ConfigMap", "kind: Secret"),
        ("\n    - name: plain\n", "\n    - name: Plain\n"),
        ("outputs.py, path", "output.py, path"),
    ]:
        assert before in text
        broken = [replace(program("outputs").files[0], text=text.replace(before, after))]
        assert {each.code for each in backend.check(broken)} == {"PC0902"}, after
