"""The image plan: the same tags everywhere, one image for each distinct set, Dockerfiles as text, what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from pipec.compiler.driver import compile as compile_file
from pipec.compiler.driver import open_project
from pipec.compiler.frontend.requirements import declared_requirements
from pipec.compiler.images.context import context_of, layers_of
from pipec.compiler.images.ignoring import is_ignored, read_rules
from pipec.compiler.images.lock import Lock, read_lock, write_lock
from pipec.compiler.images.plan import ImagePlan, plan_images

if TYPE_CHECKING:
    from collections.abc import Callable

    Golden = Callable[[Path, str], None]

EXPECTED = Path(__file__).parent / "golden"
PROJECT = '[project]\nname = "x"\nrequires-python = ">=3.11"\n[tool.pipec.image]\nregistry = "registry.example/team"\n'
PROGRAM = """\
import pandas
from pipec.sdk import DockerSettings, pipeline, step

docker = DockerSettings({docker})


@step
def load() -> int:
    return len(pandas.DataFrame())


@step
def train(rows: int) -> float:
    import sklearn

    return rows / 2


@pipeline(settings={{"docker": docker}})
def churn():
    train(load())
"""
FULL = (
    "requirements='needs.txt', required_integrations=['lightgbm'], apt_packages=['git'], environment={'debug': 1},"
    "runtime_environment={'mode': 'a \"b\" $C'}, user='me', python_package_installer='pip',"
    "build_config={'build_options': {'labels': {'team': 'ml'}, 'build_args': {'X': '1'}}}"
)


def project(folder: Path, docker: str = FULL, head: str = PROJECT, needs: str = "numpy==2.0\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(head)
    (folder / "needs.txt").write_text(needs)
    (folder / "main.py").write_text(PROGRAM.format(docker=docker))
    return folder


def planned(folder: Path) -> tuple[ImagePlan | None, list[str]]:
    opened, faults = open_project(folder, None)
    (pipeline,) = compile_file(folder / "main.py", None, project=opened).pipelines
    plan, found = plan_images(pipeline, opened)
    return plan, [f"{one.severity} {one.code} {one.message}" for one in [*faults, *found]]


def plan_of(folder: Path) -> ImagePlan:
    plan, found = planned(folder)
    assert plan is not None, found
    return plan


def refusals(folder: Path) -> list[str]:
    return [one.removeprefix("error ") for one in planned(folder)[1] if one.startswith("error ")]


def test_tags_are_the_same_in_two_folders_at_two_times(tmp_path: Path) -> None:
    import os

    first, second = project(tmp_path / "a"), project(tmp_path / "b" / "deeper")
    for file in second.iterdir():
        os.utime(file, (0, 0))
    assert [one.reference for one in plan_of(first).images] == [one.reference for one in plan_of(second).images]


def test_line_ends_of_a_checkout_on_windows_change_nothing(tmp_path: Path) -> None:
    first, second = project(tmp_path / "a"), project(tmp_path / "b")
    (second / "needs.txt").write_bytes(b"numpy==2.0\r\n")
    assert [one.tag for one in plan_of(first).images] == [one.tag for one in plan_of(second).images]


def test_an_edit_of_code_leaves_the_dependency_layers(tmp_path: Path) -> None:
    folder = project(tmp_path)
    before = plan_of(folder).images
    source = (folder / "main.py").read_text()
    (folder / "main.py").write_text(source.replace("rows / 2", "rows / 3"))
    after = plan_of(folder).images
    assert [layers_of(one) for one in before] == [layers_of(one) for one in after]
    assert [one.tag for one in before] != [one.tag for one in after]


def test_an_edit_of_a_requirement_changes_the_layers_of_the_images_that_need_it(tmp_path: Path) -> None:
    head = PROJECT.replace("[tool", 'dependencies = ["pandas", "scikit-learn{version}"]\n[tool')
    folder = project(tmp_path, "", head.format(version=""))
    before = {one.calls[0]: one for one in plan_of(folder).images}
    project(tmp_path, "", head.format(version=">=1.5"))
    declared_requirements.cache_clear()
    after = {one.calls[0]: one for one in plan_of(folder).images}
    assert set(before) == set(after) == {"load", "train"}
    assert before["load"] == after["load"]
    assert layers_of(before["train"]) != layers_of(after["train"])


@pytest.mark.parametrize("form", ["buildkit", "classic"])
def test_dockerfile(form: str, golden: Golden, tmp_path: Path) -> None:
    plan = plan_of(project(tmp_path))
    text = context_of(plan.images[1], plan.code, "buildkit" if form == "buildkit" else "classic").dockerfile
    kept = [line for line in text.splitlines() if "pipec.source-digest" not in line]
    golden(EXPECTED / f"{form}.Dockerfile", "\n".join(kept) + "\n")


def test_a_secret_is_mounted_and_needs_buildkit(tmp_path: Path) -> None:
    plan = plan_of(
        project(tmp_path, "", PROJECT + 'index_url = "https://index.example/simple"\nindex_secret = "idx"\n')
    )
    image = plan.images[0]
    text = context_of(image, plan.code, "buildkit").dockerfile
    assert "--mount=type=secret,id=idx,required=true" in text
    assert "NETRC=/run/secrets/idx" in text
    with pytest.raises(ValueError, match="BuildKit"):
        context_of(image, plan.code, "classic")


def test_nothing_of_this_machine_is_in_a_context(tmp_path: Path) -> None:
    plan = plan_of(project(tmp_path))
    for image in plan.images:
        context = context_of(image, plan.code, "buildkit")
        assert str(tmp_path) not in context.dockerfile
        assert not [one.path for one in context.files if str(tmp_path).encode() in one.data]


@pytest.mark.parametrize(
    ("docker", "expected"),
    [
        ("replicate_local_python_environment=True", "PC0602 `replicate_local_python_environment` makes another image on every machine"),
        ("required_integrations=['sklaern']", "PC0603 ZenML has no integration `sklaern`"),
        ("requirements='nowhere.txt'", "PC0604 the requirements file `nowhere.txt` is not there"),
        ("requirements=['../lib']", "PC0604 the requirement `../lib` is a folder of this machine"),
        ("parent_image='Not An Image'", "PC0605 `Not An Image` is no name of an image"),
        ("apt_packages=['a; rm -rf x']", "PC0605 `a; rm -rf x` is no name of a Debian package"),
        ("target_repository='UPPER'", "PC0605 `registry.example/team/UPPER` is no name of a repository"),
        ("image_tag='1'", "PC0606 two images would both be called `registry.example/team/churn:1`: that of `load` and that of `train`"),
        ("requirements=['--index-url https://${U}@x/simple']", "PC0610 the requirements need the variable `U` of who builds, which would stay in the image"),
        ("dockerfile='nowhere'", "PC0612 the Dockerfile `nowhere` is not there"),
        ("build_config={'build_options': {'plattform': 'x'}}", "PC0615 a build of an image has no option `plattform`"),
    ],
)  # fmt: skip
def test_what_is_refused(docker: str, expected: str, tmp_path: Path) -> None:
    assert refusals(project(tmp_path, docker)) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bsae = 'x'", "PC0530 `[tool.pipec.image]` has no key `bsae`"),
        ("apt_packages = 'git'", "PC0531 `apt_packages` is a list of text"),
        ("index_url = 'https://u:p@x/simple'", "PC0531 `index_url` holds credentials"),
    ],
)
def test_configuration_that_is_refused(line: str, expected: str, tmp_path: Path) -> None:
    assert refusals(project(tmp_path, "", f"{PROJECT}{line}\n")) == [expected]


def test_an_image_that_is_used_as_it_is(tmp_path: Path) -> None:
    plan, found = planned(project(tmp_path, "parent_image='team/own:1', skip_build=True, apt_packages=['git']"))
    assert plan is not None
    assert {one.reference for one in plan.step_images().values()} == {"team/own:1"}
    assert not any(one.has_code for one in plan.step_images().values())
    assert "warning PC0608 `apt_packages` has no effect with `skip_build`, which uses the image as it is" in found


def test_a_variable_of_the_container_is_not_in_the_image(tmp_path: Path) -> None:
    folder = project(tmp_path, "environment={'TOKEN': __import__('os').environ['TOKEN']}")
    source = (folder / "main.py").read_text().replace("__import__('os')", "os")
    (folder / "main.py").write_text(f"import os\n{source}")
    plan, found = planned(folder)
    assert plan is not None
    assert "TOKEN" not in context_of(plan.images[0], plan.code, "buildkit").dockerfile
    assert "warning PC0608 `TOKEN` in `environment` is that of the step's container: it is not in the image" in found
    (folder / "main.py").write_text(f"import os\n{source}".replace("environ['TOKEN']", "environ['OTHER']"))
    assert refusals(folder) == [
        "PC0605 `TOKEN` in `environment` is read from the environment, and an image is the same for all"
    ]


def test_the_users_dockerfile_is_built_first(tmp_path: Path) -> None:
    folder = project(tmp_path, "dockerfile='docker/Dockerfile', build_context_root='docker'")
    (folder / "docker").mkdir()
    (folder / "docker/Dockerfile").write_text("FROM debian\nCOPY a.txt /a\n")
    (folder / "docker/a.txt").write_text("a")
    (folder / "docker/b.log").write_text("b")
    (folder / "docker/.dockerignore").write_text("*.log\n")
    parent = plan_of(folder).images[0].parent
    assert parent is not None
    assert {one.path for one in parent.files} == {".dockerignore", "Dockerfile", "a.txt"}
    (folder / "docker/b.log").write_text("other")
    assert plan_of(folder).images[0].parent == parent
    (folder / "docker/a.txt").write_text("other")
    assert plan_of(folder).images[0].parent != parent


def test_the_lock_gives_digests_and_pins_the_base(tmp_path: Path) -> None:
    folder = project(tmp_path, "")
    digest = "sha256:" + "0" * 64
    (folder / "pipec.lock").write_text(write_lock(Lock().with_base("python:3.11-slim", digest)))
    plan = plan_of(folder)
    assert all(one.recipe is not None and one.recipe.base.endswith(f"@{digest}") for one in plan.images)
    lock = plan.lock
    for image in plan.images:
        lock = lock.with_image(image.repository, image.tag, digest)
    (folder / "pipec.lock").write_text(write_lock(lock))
    again, found = planned(folder)
    assert again is not None
    assert {again.reference(one) for one in again.images} == {f"registry.example/team/churn@{digest}"}
    assert found == []


def test_the_lock_reads_back_and_refuses_half_of_a_conflict(tmp_path: Path) -> None:
    lock = Lock().with_image("b/c", "t2", "sha256:" + "1" * 64).with_image("b/c", "t1", "sha256:" + "2" * 64)
    (tmp_path / "pipec.lock").write_text(write_lock(lock))
    assert read_lock(tmp_path) == (lock, [])
    (tmp_path / "pipec.lock").write_text(write_lock(lock).replace('"t1"', '<<<<<<< ours\n"t1"'))
    (fault,) = read_lock(tmp_path)[1]
    assert (fault.code, fault.message) == ("PC0614", "`pipec.lock` is not valid TOML")


def test_rules_of_a_dockerignore() -> None:
    rules = read_rules("# all\n*.csv\n!keep.csv\n**/tmp\ndata/[a-c]?\n")
    shown = {one: is_ignored(one, rules) for one in ("a.csv", "keep.csv", "x/a.csv", "x/tmp/z", "data/b1/c", "data/d1")}
    assert shown == {
        "a.csv": True,
        "keep.csv": False,
        "x/a.csv": False,
        "x/tmp/z": True,
        "data/b1/c": True,
        "data/d1": False,
    }


def test_inline_code_takes_a_list_and_the_environment(tmp_path: Path) -> None:
    folder = project(tmp_path, "requirements='needs.txt', required_integrations=['polars'], environment={'debug': 1}")
    done = compile_file(folder / "main.py", "kubeflow", options={"code": "inline"})
    container = yaml.safe_load(done.files[0].text)["deploymentSpec"]["executors"]["exec-s-load"]["container"]
    assert {one["name"]: one["value"] for one in container["env"]}["DEBUG"] == "1"
    assert {"numpy==2.0", "polars>=0.19.5"} <= set(yaml.safe_load(container["args"][1])["requirements"])
    assert done.code == ("code inline",)


def test_inline_code_refuses_what_only_an_image_holds(tmp_path: Path) -> None:
    done = compile_file(project(tmp_path, "apt_packages=['git']") / "main.py", "argo", options={"code": "inline"})
    errors = [(one.code, one.message, one.help) for one in done.diagnostics if one.is_error]
    assert errors == [
        (
            "PC0609",
            "inline code cannot have the Debian package `git`: no image is built",
            "take images: `-O code=image`",
        )
    ]


def test_emitted_folders_are_written_again_and_foreign_ones_kept(tmp_path: Path, pipec: Callable[..., object]) -> None:
    folder = project(tmp_path / "p", "")
    done = pipec("build", "main.py", "--emit", "out", cwd=folder)
    assert done.returncode == 0, done.stderr  # type: ignore[attr-defined]
    assert (folder / "out/churn-load/code/pipec/__main__.py").is_file()
    assert pipec("build", "main.py", "--emit", "out", cwd=folder).returncode == 0  # type: ignore[attr-defined]
    shutil.rmtree(folder / "out/churn-load")
    (folder / "out/churn-load").mkdir()
    (folder / "out/churn-load/mine.txt").write_text("mine")
    done = pipec("build", "main.py", "--emit", "out", cwd=folder)
    assert done.returncode == 1  # type: ignore[attr-defined]
    assert (folder / "out/churn-load/mine.txt").is_file()


def test_a_file_is_looked_for_from_the_pipelines_folder_up(tmp_path: Path) -> None:
    folder = project(tmp_path, "requirements='needs.txt'")
    (folder / "app/pipelines").mkdir(parents=True)
    (folder / "main.py").rename(folder / "app/pipelines/main.py")
    (folder / "app/needs.txt").write_text("polars\n")
    opened, _ = open_project(folder, None)
    (pipeline,) = compile_file(folder / "app/pipelines/main.py", None, project=opened).pipelines
    plan, _ = plan_images(pipeline, opened)
    assert plan is not None
    recipe = plan.images[0].recipe
    assert recipe is not None
    assert recipe.requirements[0].name == "app/needs.txt"
