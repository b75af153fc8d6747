"""What is written, as whole files, and what is refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from pipec.backends.kubeflow import backend, code
from pipec.backends.kubeflow.executor import memory
from pipec.backends.kubeflow.names import Keys, pipeline_name
from pipec.backends.kubeflow.protected import protected
from pipec.compiler import compile
from pipec.compiler.backend import Support
from pipec.compiler.ir.features import Feature
from pipec.compiler.ir.model import CodeFile
from pipec.compiler.packed_runtime import packed_runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.ir.values import Json

PROGRAMS = Path(__file__).parent / "programs"
GOLDEN = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))
_BLOB = re.compile(r'(?<=""")\n(?:[ ]+(?=[^ ])[A-Za-z0-9+/= ]+\n)+(?=[ ]+""")')


@pytest.mark.parametrize("name", NAMES)
def test_files(name: str, golden: Callable[[Path, str], None]) -> None:
    """The packed code is left out: it changes with the runtime."""
    compilation = compile(PROGRAMS / f"{name}.py", "kubeflow")
    for file in compilation.files:
        golden(GOLDEN / name / file.path, _BLOB.sub("\n(packed)\n", file.text))


@pytest.mark.parametrize("name", NAMES)
def test_the_program_is_written_once(name: str) -> None:
    (file,) = compile(PROGRAMS / f"{name}.py", "kubeflow").files
    assert len(_BLOB.findall(file.text)) == 2
    assert file.text.count("b64decode") == 1


def test_the_ledger_has_a_row_for_every_feature_and_a_reason_for_every_refusal() -> None:
    assert set(backend.ledger) == set(Feature)
    for feature, row in backend.ledger.items():
        assert row.note or row.support is Support.NATIVE, feature


REFUSED = {
    "a large default": ("n: int = 2**53", "PC0404", "9007199254740992 is not a JavaScript-safe integer"),
    "a large default inside": ("n: list[int] = [1, -(2**53)]", "PC0404", "is not a JavaScript-safe integer"),
    "not a number": ("n: float = float('nan')", "PC0404", "a value of kind `float` has no form there"),
    "None inside": ("n: list[int] = [None]", "PC0404", "None inside a list or dict has no form there"),
    "a template inside": ("n: list[str] = ['{{workflow.name}}']", "PC0404", "expanded as a template"),
    "a variable": ("n: dict[str, str] = {'a': '$(HOME)'}", "PC0404", "expanded as a template"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_default_that_kubeflow_cannot_hold_is_refused_at_its_place(name: str, tmp_path: Path) -> None:
    parameter, expected_code, message = REFUSED[name]
    file = tmp_path / "refused.py"
    file.write_text(
        "from pipec.sdk import pipeline, step\n\n\n@step\ndef echo(n):\n    return n\n\n\n"
        f"@pipeline\ndef refused({parameter}):\n    echo(n)\n"
    )
    compilation = compile(file, "kubeflow")
    (fault,) = [each for each in compilation.diagnostics if each.is_error]
    assert (fault.code, compilation.files) == (expected_code, ())
    assert message in fault.message
    assert fault.span is not None
    assert fault.span.start.line == 10


HEAVY = """
from pipec.sdk import {imports}, pipeline, step


@step(settings={{{settings}}})
def one() -> int:
    return 1


@pipeline
def heavy() -> int:
    return one()
"""


@pytest.mark.parametrize(
    ("imports", "settings", "message"),
    [
        (
            "DockerSettings",
            "'docker': DockerSettings(apt_packages=['git'])",
            "inline code cannot have the Debian package `git`",
        ),
        ("ResourceSettings", "'resources': ResourceSettings(gpu_count=1, gpu_class='A100')", "a class of GPU"),
    ],
)
def test_a_setting_that_is_not_honoured_is_refused(imports: str, settings: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "heavy.py"
    file.write_text(HEAVY.format(imports=imports, settings=settings))
    messages = [
        each.message for each in compile(file, "kubeflow", options={"code": "inline"}).diagnostics if each.is_error
    ]
    assert any(message in each for each in messages), messages


def test_docker_settings_that_are_honoured(tmp_path: Path) -> None:
    file = tmp_path / "heavy.py"
    settings = "'docker': DockerSettings(parent_image='my/python:1', requirements=['polars'])"
    file.write_text(HEAVY.format(imports="DockerSettings", settings=settings))
    (generated,) = compile(file, "kubeflow", options={"code": "inline"}).files
    container = yaml.safe_load(generated.text)["deploymentSpec"]["executors"]["exec-s-one"]["container"]
    assert container["image"] == "my/python:1"
    assert json.loads(container["args"][1])["requirements"] == ["polars"]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("alarm", "the exception that `on_failure` takes needs a store, and there is none"),
        ("lookup", "the look-up of kind `artifact` needs a store, and there is none"),
    ],
)
def test_what_needs_a_store_is_refused_without(program: str, message: str) -> None:
    compilation = compile(PROGRAMS / f"stored/{program}.py", "kubeflow")
    (fault,) = [each for each in compilation.diagnostics if each.is_error]
    assert (fault.code, fault.message, compilation.files) == ("PC0430", message, ())


def test_the_store_and_its_secret_reach_every_step() -> None:
    options = {"artifact_root": "s3://ml/pipec", "artifact_secret": "s3-credentials"}
    (file,) = compile(PROGRAMS / "stored/lookup.py", "kubeflow", options=options).files
    spec, platform = yaml.safe_load_all(file.text)
    for name, executor in spec["deploymentSpec"]["executors"].items():
        container = executor["container"]
        assert container["env"] == [{"name": "PIPEC_ARTIFACT_ROOT", "value": "s3://ml/pipec"}]
        assert json.loads(container["args"][1])["secrets"] == ["s3-credentials"]
        (mounted,) = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][name]["secretAsVolume"]
        assert mounted["mountPath"] == "/pipec/secrets/s3-credentials"


def cached(tmp_path: Path, decorator: str, body: str, **options: str) -> dict[str, bool]:
    """Whether KFP may reuse each step of a pipeline, by task."""
    file = tmp_path / "cached.py"
    file.write_text(
        "import os\nimport random\n\nfrom pipec.sdk import pipeline, step\n\n\n"
        f"@step({decorator})\ndef one(x: object = 1) -> int:\n    return 1\n\n\n"
        f"@pipeline\ndef cached():\n    {body}\n"
    )
    (generated,) = compile(file, "kubeflow", options=options).files
    tasks = yaml.safe_load(generated.text)["components"]["comp-g-cached"]["dag"]["tasks"]
    return {key: task["cachingOptions"].get("enableCache", False) for key, task in tasks.items()}


def test_kfp_reuses_only_what_its_key_covers(tmp_path: Path) -> None:
    assert cached(tmp_path, "", "one()") == {"one": True}
    assert cached(tmp_path, "enable_cache=False", "one()") == {"one": False}
    assert cached(tmp_path, "", "one(random.random())") == {"one": False}
    assert cached(tmp_path, "", "one(os.getenv('A'))") == {"one": False}
    assert cached(tmp_path, "", "one()", artifact_root="s3://ml/pipec") == {"one": False}


def test_the_environment_is_part_of_the_key(tmp_path: Path) -> None:
    def key(value: str) -> str:
        file = tmp_path / "keyed.py"
        file.write_text(
            "from pipec.sdk import pipeline, step\n\n\n"
            f"@step(environment={{'A': '{value}'}})\ndef one() -> int:\n    return 1\n\n\n"
            "@pipeline\ndef keyed():\n    one()\n"
        )
        (generated,) = compile(file, "kubeflow").files
        container = yaml.safe_load(generated.text)["deploymentSpec"]["executors"]["exec-s-one"]["container"]
        return str(json.loads(container["args"][1])["key"])

    assert key("1") == key("1") != key("2")


def test_a_gate_that_loads_what_a_step_made_has_its_requirements(tmp_path: Path) -> None:
    file = tmp_path / "frames.py"
    file.write_text(
        "import pandas as pd\n\nfrom pipec.sdk import DockerSettings, pipeline, step\n\n\n"
        "@step(settings={'docker': DockerSettings(parent_image='my/python:1')})\n"
        "def tables() -> list[pd.DataFrame]:\n    return []\n\n\n"
        "@step\ndef count(table: pd.DataFrame) -> int:\n    return len(table)\n\n\n"
        "@pipeline\ndef frames():\n    for table in tables():\n        count(table)\n"
    )
    (generated,) = compile(file, "kubeflow", options={"code": "inline"}).files
    executors = yaml.safe_load(generated.text)["deploymentSpec"]["executors"]
    container = executors["exec-s-for-table-gate"]["container"]
    assert container["image"] == "my/python:1"
    assert json.loads(container["args"][1])["requirements"] == ["pandas"]


def test_a_policy_of_the_cache_switches_it_off_with_a_note(tmp_path: Path) -> None:
    file = tmp_path / "cached.py"
    file.write_text(
        "from pipec.sdk import CachePolicy, pipeline, step\n\n\n"
        "@step(cache_policy=CachePolicy(include_step_code=False))\ndef one() -> int:\n    return 1\n\n\n"
        "@pipeline\ndef cached() -> int:\n    return one()\n"
    )
    compilation = compile(file, "kubeflow")
    (note,) = [each for each in compilation.diagnostics if "is not cached" in each.message]
    assert note.code == "PC0402"
    assert "cachingOptions: {}" in compilation.files[0].text


def test_the_size_of_the_code_is_limited(tmp_path: Path) -> None:
    digits = "".join(str(pow(7, i, 10**9 + 7)) for i in range(20_000))
    file = tmp_path / "large.py"
    file.write_text(
        "from pipec.sdk import pipeline, step\n\n"
        f"DATA = '{digits}'\n\n\n@step\ndef one() -> int:\n    return len(DATA)\n\n\n"
        "@pipeline\ndef large() -> int:\n    return one()\n"
    )
    (fault,) = [each for each in compile(file, "kubeflow").diagnostics if each.is_error]
    assert fault.code == "PC0403"
    assert "98,304 are possible" in fault.message


def test_protected_text_reads_back_and_holds_nothing_live() -> None:
    value: Json = {"{{a}}": ["$(X) $$ `id` <a> 100% python3 /kfp-workspace {", '\\{"{'], "b": {"c": {"d": {}}}}
    text = protected(value)
    assert json.loads(text) == value
    for live in ("{{", "$", "<", ">", "%", "`", "python3", "/kfp-workspace"):
        assert live not in text


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("componentRef: {name: comp-s-join}", "componentRef: {name: comp-s-none}", "`comp-s-none`, which is not there"),
        ("dependentTasks: [split]", "dependentTasks: [spilt]", "waits for `spilt`"),
        ("executorLabel: exec-s-join", "executorLabel: exec-s-none", "the executor `exec-s-none`"),
        ("outputParameterKey: low}", "outputParameterKey: high}", "the output `high` of `split` is read and not there"),
        ("low: {taskOutputParameter", "high: {taskOutputParameter", "differ in the input"),
        ('schemaVersion: "2.1.0"', "schemaVersion: 2.1", "no legal `schemaVersion`"),
        ("components:", "components: [", "is not YAML"),
    ],
)
def test_the_check_of_what_was_written_finds_a_loose_end(before: str, after: str, message: str) -> None:
    (file,) = compile(PROGRAMS / "two_outputs.py", "kubeflow").files
    assert not backend.check([file])
    assert before in file.text
    found = backend.check([replace(file, text=file.text.replace(before, after))])
    assert any(message in each.message for each in found), found
    assert {each.code for each in found} == {"PC0902"}


def test_keys() -> None:
    keys = Keys()
    assert [
        keys.task(name) for name in ("train", "train_2", "Train 2", "root", "x_driver", "größe", "", "iteration1")
    ] == [
        "train",
        "train-2",
        "train-2-2",
        "task-root",
        "task-x-driver-task",
        "gr-e",
        "task",
        "task-iteration1",
    ]
    assert len(keys.task("x" * 200)) == 63
    assert pipeline_name("Überlang & odd_Name") == "berlang-odd-name"
    assert pipeline_name("漢") == ""


@pytest.mark.parametrize(
    ("text", "quantity"), [("4GB", "4G"), ("512MiB", "512Mi"), ("1.5GB", "1.5G"), ("64KB", "64k"), ("much", None)]
)
def test_memory(text: str, quantity: str | None) -> None:
    assert memory(text) == quantity


def test_the_same_code_is_the_same_program_without_a_word_that_the_local_runner_rewrites() -> None:
    files = [CodeFile("a.py", "print('python3 {{x}}')\n"), CodeFile("b/__init__.py", "")]
    program = code.program(packed_runtime("kubeflow"), files)
    assert program == code.program(packed_runtime("kubeflow"), files)
    assert not re.search(r"python3|[{}$<>%`]", program)
