"""Steps in images that pipec builds: what the spec says of them, and that they run as they do with inline code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from engines import SpecCase
from kubeflow_backend import Backend
from kubeflow_programs import value_of
from pipec.compiler import compile
from pipec.compiler.code_root import assemble_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from engines import Kubeflow, SpecRun
    from pipec.compiler.driver import Compilation

PROGRAMS = Path(__file__).parent / "programs"

RUN_IN_IMAGES: dict[str, dict[str, Any]] = {
    "gathered": {},
    "hooks": {},
    "branches": {"n": 2, "mode": "slow"},
    "loops": {},
    "mixed": {},
}
"""Programs that are run, with their arguments."""

TWO_IMAGES = """
import pandas as pd

from pipec.sdk import DockerSettings, pipeline, step


@step(settings={"docker": DockerSettings(requirements=["pandas==2.2.3"])})
def tables() -> list[pd.DataFrame]:
    return []


@step(environment={"MODE": "fast"})
def count(table: pd.DataFrame) -> int:
    return len(table)


@pipeline
def frames():
    for table in tables():
        count(table)
"""


def compiled(folder: Path, text: str, **options: str) -> Compilation:
    """A program in a project of its own, which pushes its images to `registry.example`."""
    (folder / "pyproject.toml").write_text('[tool.pipec.image]\nregistry = "registry.example"\n', encoding="utf-8")
    file = folder / "program.py"
    file.write_text(text, encoding="utf-8")
    return compile(file, "kubeflow", options=options)


def containers(compilation: Compilation) -> dict[str, Any]:
    """The containers of the one spec, by the key of the executor."""
    errors = [each for each in compilation.diagnostics if each.is_error]
    assert not errors, errors
    spec = next(yaml.safe_load_all(compilation.files[0].text))
    return {key: each["container"] for key, each in spec["deploymentSpec"]["executors"].items()}


def test_the_spec_of_a_program_with_two_images(tmp_path: Path, golden: Callable[[Path, str], None]) -> None:
    """No code travels, nothing is installed; a gate that loads data frames runs where they were made."""
    compilation = compiled(tmp_path, TWO_IMAGES)
    text = re.sub(r"(?<=registry.example/frames:)[0-9a-f]{16}", "(tag)", compilation.files[0].text)
    golden(PROGRAMS.parent / "golden/images/frames.yaml", text)
    found = containers(compilation)
    assert found["exec-s-for-table-gate"]["image"] == found["exec-s-tables"]["image"]
    assert found["exec-s-for-table-gate"]["image"] != found["exec-s-for-table-for-table-each-count"]["image"]
    assert {each.code for each in compilation.diagnostics} == {"PC0601", "PC0607"}


def test_an_image_that_is_used_as_it_is_gets_the_code_from_the_spec(tmp_path: Path) -> None:
    settings = 'DockerSettings(parent_image="my/python:1", skip_build=True)'
    found = containers(
        compiled(tmp_path, TWO_IMAGES.replace('DockerSettings(requirements=["pandas==2.2.3"])', settings))
    )
    assert found["exec-s-tables"]["image"] == "my/python:1"
    assert found["exec-s-tables"]["command"] == ["python", "-I", "-c", "{{$.inputs.parameters['pipec_code']}}"]
    assert found["exec-s-for-table-for-table-each-count"]["command"] == ["python", "-I", "/pipec", "kubeflow"]
    assert '"requirements"' not in found["exec-s-tables"]["args"][1]


def test_a_value_of_two_images_is_computed_in_the_image_of_the_pipeline(tmp_path: Path) -> None:
    text = TWO_IMAGES.replace(
        "@step(environment", "@step(settings={'docker': DockerSettings(requirements=['pandas==2.1.0'])}, environment"
    )
    text = text.replace(
        "table: pd.DataFrame) -> int:\n    return len(table)",
        "tables: list[pd.DataFrame]) -> list[pd.DataFrame]:\n    return tables",
    )
    text = text[: text.index("@pipeline")] + (
        "@step\ndef told():\n    pass\n\n\n@pipeline\ndef frames():\n    found = tables()\n"
        "    if len(found) > len(count(found)):\n        told()\n"
    )
    compilation = compiled(tmp_path, text)
    found = containers(compilation)
    (warning,) = [each for each in compilation.diagnostics if each.code == "PC0420"]
    image = next(each["image"] for key, each in found.items() if key.endswith("-gate"))
    assert image not in (found["exec-s-tables"]["image"], found["exec-s-count"]["image"])
    assert warning.message == (
        f"a value made of what `tables`, `count` give is computed in `{image}`, which is the image of none of them alone"
    )
    assert warning.span is not None


def test_the_option_for_inline_code_is_said_to_have_no_effect(tmp_path: Path) -> None:
    found = compiled(tmp_path, TWO_IMAGES, image="registry.example/mine:1").diagnostics
    (warning,) = [each for each in found if each.code == "PC0416"]
    assert warning.message == (
        "the option `image=registry.example/mine:1` has no effect: each step has an image that pipec builds"
    )
    assert not [each for each in found if each.code == "PC0408"]


def test_the_code_of_a_step_is_in_the_key_of_the_cache(tmp_path: Path) -> None:
    """People may give an image a tag that they use again."""
    text = TWO_IMAGES.replace('requirements=["pandas==2.2.3"]', 'image_tag="latest"')
    first = containers(compiled(tmp_path, text))
    second = containers(compiled(tmp_path, text.replace("return []", "return [pd.DataFrame()]")))
    same = containers(compiled(tmp_path, text.replace("return []", "return []  # none")))
    key = "exec-s-tables"
    assert first[key]["image"] == second[key]["image"] == "registry.example/frames:latest"
    assert first[key]["args"] == same[key]["args"] != second[key]["args"]
    other = "exec-s-for-table-for-table-each-count"
    assert first[other]["args"] == second[other]["args"]


@pytest.fixture(scope="module")
def in_images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, Path]]:
    """The spec of each run, and the code root that lies in its image."""
    found: dict[str, tuple[str, Path]] = {}
    for name in RUN_IN_IMAGES:
        compilation = compile(PROGRAMS / f"{name}.py", "kubeflow", options={"code": "image"})
        (pipeline,) = compilation.pipelines
        folder = tmp_path_factory.mktemp("image")
        for file in assemble_all(pipeline):
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / file.path).write_text(file.text, encoding="utf-8")
        found[name] = compilation.files[0].text, folder
    return found


@pytest.fixture(scope="module")
def runs(
    kubeflow: Kubeflow, in_images: dict[str, tuple[str, Path]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[SpecRun, SpecRun]]:
    """What the local runner says of each spec with the code in the image, and inline."""
    folder = tmp_path_factory.mktemp("specs")
    cases: list[SpecCase] = []
    for index, (name, (text, code)) in enumerate(in_images.items()):
        assert "pipec_code" not in text
        image, inline = folder / f"{index}-image.yaml", folder / f"{index}-inline.yaml"
        # The runner has no image: its folder is elsewhere, its interpreter the runner's.
        here = text.replace("- python\n", "- python3\n").replace("- /pipec\n", f"- {code}\n")
        assert str(code) in here
        image.write_text(here, encoding="utf-8")
        inline.write_text(compile(PROGRAMS / f"{name}.py", "kubeflow").files[0].text, encoding="utf-8")
        cases += [SpecCase(each, RUN_IN_IMAGES[name], home=folder / f"{each.stem}-home") for each in (image, inline)]
    reports = kubeflow.run(cases)
    return {name: (reports[2 * index], reports[2 * index + 1]) for index, name in enumerate(in_images)}


def test_the_specs_are_parsed_strictly(
    kubeflow: Kubeflow, in_images: dict[str, tuple[str, Path]], tmp_path: Path
) -> None:
    paths: list[Path] = []
    for index, (text, _) in enumerate(in_images.values()):
        paths.append(tmp_path / f"{index}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    for verdict in kubeflow.check(paths):
        assert verdict.errors == (), verdict.path


@pytest.mark.parametrize("name", RUN_IN_IMAGES)
def test_steps_in_images_do_what_inline_code_does(runs: dict[str, tuple[SpecRun, SpecRun]], name: str) -> None:
    image, inline = runs[name]
    assert image.state == "success", f"{image.error}\n{image.log[-3000:]}"
    assert {key: value_of(each) for key, each in image.outputs.items()} == {
        key: value_of(each) for key, each in inline.outputs.items()
    }
    ran, wanted = ([(task.component, task.state) for task in each.tasks] for each in (image, inline))
    assert sorted(ran) == sorted(wanted), "iterations run side by side"


@pytest.mark.parametrize("name", RUN_IN_IMAGES)
def test_the_backend_runs_them(in_images: dict[str, tuple[str, Path]], name: str, tmp_path: Path) -> None:
    text, code = in_images[name]
    run = Backend(text, tmp_path, code=code).run(RUN_IN_IMAGES[name])
    assert run.state == "success", f"{run.error}\n{run.log[-3000:]}"
