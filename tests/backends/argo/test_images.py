"""Code in images: each step runs in the image that is built for it, and starts from the code root that lies in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from engines import Argo
from pipec.backends.argo_interpreter import submit
from pipec.compiler.code_root import assemble_all
from pipec.compiler.driver import Compilation, compile
from pipec.compiler.images.model import CODE_ROOT

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "programs" / "images" / "imaged.py"
PROJECT = '[project]\nname = "shop"\nrequires-python = ">=3.12"\n\n[tool.pipec.image]\nrepository = "registry.example/team/shop"\n'
STAGED = '@step(settings={"docker": DockerSettings(parent_image="registry.example/ready:1", skip_build=True)})'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    shutil.copy(PROGRAM, tmp_path / "imaged.py")
    return tmp_path


def compiled(project: Path, **options: str) -> Compilation:
    compilation = compile(project / "imaged.py", "argo", options=options)
    assert compilation.files, [each.message for each in compilation.diagnostics]
    return compilation


def unpacked(compilation: Compilation, folder: Path) -> dict[str, Path]:
    """Every image that holds code, as the folder that is its root."""
    for file in assemble_all(compilation.pipelines[0]):
        path = folder / CODE_ROOT.lstrip("/") / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)
    return {one.reference: folder for one in compilation.images[0].values() if one.has_code}


def test_expected_file(project: Path, golden: Callable[[Path, str], None]) -> None:
    text = compiled(project).files[0].text
    for place, tag in enumerate(dict.fromkeys(one.reference for one in compiled(project).images[0].values())):
        text = text.replace(tag, f"registry.example/team/shop:{place}")
    golden(HERE / "golden" / "imaged" / "imaged.yaml", text)


def test_no_code_travels_in_the_file_and_the_run_is_the_same(project: Path, tmp_path: Path) -> None:
    compilation = compiled(project)
    documents = list(yaml.safe_load_all(compilation.files[0].text))
    assert [one["kind"] for one in documents] == ["WorkflowTemplate"]
    run = submit(compilation.files[0].text, tmp_path / "run", images=unpacked(compilation, tmp_path / "root"))
    assert (run.phase, run.outputs.parameters) == ("Succeeded", {"x": "3.0"})
    inline = submit(compiled(project, code="inline").files[0].text, tmp_path / "inline")
    assert inline.outputs.parameters == run.outputs.parameters


def test_a_step_whose_image_is_not_there_does_not_start(project: Path, tmp_path: Path) -> None:
    compilation = compiled(project)
    images = unpacked(compilation, tmp_path / "root")
    del images[compilation.images[0]["half"].reference]
    run = submit(compilation.files[0].text, tmp_path / "run", images=images)
    assert run.nodes["main.load"].phase == "Succeeded"
    assert "can't find '__main__' module" in run.nodes["main.if-count.half"].log or (
        "can't open file" in run.nodes["main.if-count.half"].log
    )


def test_code_travels_into_an_image_that_is_used_as_it_is(
    project: Path, tmp_path: Path, argo: Argo, argo3: Argo
) -> None:
    source = (project / "imaged.py").read_text()
    (project / "imaged.py").write_text(source.replace("@step  # sums\n", f"{STAGED}\n"))
    compilation = compiled(project)
    text = compilation.files[0].text
    template, code = yaml.safe_load_all(text)
    containers = {one["name"]: one["container"] for one in template["spec"]["templates"] if "container" in one}
    mounts = {name: [each["mountPath"] for each in one.get("volumeMounts", [])] for name, one in containers.items()}
    assert mounts == {"load": [], "total": [CODE_ROOT], "half": []}
    assert containers["total"]["image"] == "registry.example/ready:1"
    assert set(code["data"]) == {"__main__.py", "pipec.runtime", "imaged.py"}
    run = submit(text, tmp_path / "run", images=unpacked(compilation, tmp_path / "root"))
    assert (run.phase, run.outputs.parameters) == ("Succeeded", {"x": "3.0"})
    (tmp_path / "file.yaml").write_text(text)
    for validator in (argo, argo3):
        assert [each.errors for each in validator.lint([tmp_path / "file.yaml"]) if each.errors] == []


def test_a_variable_with_braces_still_comes_from_a_map(project: Path, tmp_path: Path) -> None:
    source = (project / "imaged.py").read_text()
    (project / "imaged.py").write_text(source.replace("@step  # sums\n", "@step(environment={'A': '{{b}}'})\n"))
    compilation = compiled(project)
    template, values = yaml.safe_load_all(compilation.files[0].text)
    assert list(values["data"].values()) == ["{{b}}"]
    assert [volume["name"] for volume in template["spec"]["volumes"]] == ["data"]
    run = submit(compilation.files[0].text, tmp_path / "run", images=unpacked(compilation, tmp_path / "root"))
    assert run.phase == "Succeeded"


def test_what_images_settle_is_not_warned_of(project: Path) -> None:
    codes = {each.code for each in compiled(project).diagnostics}
    assert codes <= {"PC0601", "PC0607"}, "nobody has pushed them, a tag can move: nothing about installing"


def test_an_option_that_names_an_image_beside_images_is_said(project: Path) -> None:
    found = [each for each in compiled(project, image="registry.example/x:1").diagnostics if each.code == "PC0416"]
    assert [(each.severity, each.message) for each in found] == [
        ("warning", "`registry.example/x:1` of the option `image` is not used: each step runs in its own image")
    ]
    inline = compiled(project, image="registry.example/x:1", code="inline")
    assert "PC0416" not in {each.code for each in inline.diagnostics}
    assert 'image: "registry.example/x:1"' in inline.files[0].text


def test_verify_runs_the_code_of_the_images(project: Path, pipec: Callable[..., CompletedProcess[str]]) -> None:
    done = pipec("verify", "imaged.py", "-t", "argo", "-p", "n=3", "-q", cwd=project)
    assert (done.returncode, done.stdout) == (0, "x = 0.0\nsucceeded: 5 nodes\n")


def test_another_interpreter_in_one_image(project: Path) -> None:
    from dataclasses import replace

    from pipec.backends.argo import backend
    from pipec.compiler.backend import Request

    compilation = compiled(project)
    options = {option.name: option.default for option in backend.options}
    images = dict(compilation.images[0])
    images["half"] = replace(images["half"], python="/opt/bin/python3.13")
    pipeline = replace(compilation.pipelines[0])
    model, _ = backend.legalize(pipeline, Request("imaged.py", "pipec compile", options, images))
    assert model is not None
    (template,) = yaml.safe_load_all(backend.emit(model, Request("imaged.py", "", options, images))[0].text)
    commands = {
        one["name"]: one["container"].get("command") for one in template["spec"]["templates"] if "container" in one
    }
    assert commands == {
        "load": None,
        "total": None,
        "half": ["/opt/bin/python3.13", "-I", "/pipec", "argo", "/pipec-data", "imaged", "{{workflow.name}}"],
    }
    assert json.dumps(template["spec"]["templateDefaults"]["container"]["command"][0]) == '"python"'
