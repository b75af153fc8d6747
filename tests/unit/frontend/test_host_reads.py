"""What a pipeline reads of the machine, of the store and of its own options: look-ups, facts of the run, environment, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipec.compiler import compile as compile_program
from programs import body, lower, lowered, write

if TYPE_CHECKING:
    from pathlib import Path

    from pipec.compiler.ir.model import Pipeline

HEAD = """\
import datetime
import os
import random
import time
import uuid
from pathlib import Path
import numpy as np
import yaml
from dotenv import load_dotenv
from zenml import ExternalArtifact, Model, get_pipeline_context, pipeline, step
from zenml.client import Client
from zenml.enums import ModelStages

load_dotenv()
TOKEN = os.environ["TOKEN"]
client = Client()


def variable(name):
    return os.environ.get(name, "none")


@step
def use(x=None, y=None) -> object:
    return x


@pipeline(model=Model(name="churn", version="production"), extra={"sizes": [1, 2], "kind": "a"}, enable_cache=False)
def p(version: str = "1", n: int = 3):
"""

ROWS = {
    # look-ups in the store
    "an artifact": ("Client().get_artifact_version('scaler')", 'lazy artifact(name="scaler")'),
    "a version of it": ("client.get_artifact_version(name_id_or_prefix='scaler', version=3)", 'lazy artifact(name="scaler", version=3)'),
    "its value": ("client.get_artifact_version('scaler', '2').load()", 'lazy artifact(name="scaler", version="2")'),
    "its metadata": ("client.get_artifact_version('scaler').run_metadata['size']", 'lazy metadata(of={"kind": "artifact", "name": "scaler"}, key="size")'),
    "old metadata": ("client.get_artifact_version('scaler').run_metadata['size'].value", 'lazy metadata(of={"kind": "artifact", "name": "scaler"}, key="size")'),
    "its place": ("client.get_artifact_version('scaler').uri", 'lazy artifact_attribute(of={"kind": "artifact", "name": "scaler"}, attribute="uri")'),
    "by a parameter": ("client.get_artifact_version('scaler', version)", 'look_up("artifact", {"name": "scaler", "version": $version})'),
    "by an old id": ("ExternalArtifact(id='1-2')", 'lazy artifact(name="1-2")'),
    "of the run's model": ("get_pipeline_context().model.get_artifact('scaler')", 'lazy model_artifact(model="churn", name="scaler")'),
    "a data artifact": ("get_pipeline_context().model.get_data_artifact('d')", 'lazy model_artifact(model="churn", name="d")'),
    "a model artifact": ("get_pipeline_context().model.get_model_artifact('m', 2)", 'lazy model_artifact(model="churn", name="m", version=2)'),
    "a deployment": ("get_pipeline_context().model.get_deployment_artifact('s').load()", 'lazy model_artifact(model="churn", name="s")'),
    "of another model": ("Model(name='other', version=ModelStages.STAGING).get_artifact('x')", 'lazy model_artifact(model="other", model_version="staging", name="x")'),
    "of a model version": ("client.get_model_version('other', 'latest').get_artifact('x')", 'lazy model_artifact(model="other", model_version="latest", name="x")'),
    "a model's number": ("client.get_model_version('other', 'latest').number", 'lazy model(model="other", model_version="latest", attribute="number")'),
    "a model's metadata": ("get_pipeline_context().model.run_metadata['score']", 'lazy metadata(of={"kind": "model", "model": "churn"}, key="score")'),
    # what is set on the pipeline
    "the model's name": ('get_pipeline_context().model.name', '"churn"'),
    "the model's version": ('get_pipeline_context().model.version', '"production"'),
    "the pipeline's name": ('get_pipeline_context().name', '"p"'),
    "its cache": ('get_pipeline_context().enable_cache', 'false'),
    "its extra": ("get_pipeline_context().extra['kind']", '"a"'),
    "its settings": ('get_pipeline_context().settings', '{}'),
    # the environment of the step
    "required": ("os.environ['A']", 'lazy environment(name="A")'),
    "getenv": ("os.getenv('A')", 'lazy environment(name="A", default=null)'),
    "with a default": ("os.environ.get('A', 'b')", 'lazy environment(name="A", default="b")'),
    "a constant": ('TOKEN', 'lazy environment(name="TOKEN")'),
    "a helper": ("variable('A')", 'lazy environment(name="A", default="none")'),
    "in text": ("f'a-{TOKEN}'", 'join("a-", format(lazy environment(name="TOKEN")))'),
    "as a number": ("int(os.environ['A']) + 1", 'int(lazy environment(name="A")) + 1'),
    # facts of the run
    "now": ('datetime.datetime.now()', 'clock(fact start_time(), "now")'),
    "now in a zone": ("datetime.datetime.now(datetime.timezone.utc).year", 'attr(clock(fact start_time(), "now", "UTC"), "year")'),
    "formatted": ("datetime.datetime.now().strftime('%Y')", 'method(clock(fact start_time(), "now"), "strftime", "%Y")'),
    "today": ('datetime.date.today().isoformat()', 'method(clock(fact start_time(), "today"), "isoformat")'),
    "seconds": ('time.time()', 'clock(fact start_time(), "time")'),
    "a draw": ('random.random()', 'fact random(p#1)'),
    "a number": ('random.randint(0, 9)', 'draw(fact random(p#1), "randint", [0, 9], {})'),
    "with keywords": ('random.choices([1, 2], k=1)', 'draw(fact random(p#1), "choices", [[1, 2]], {"k": 1})'),
    "two draws": ('random.random() + random.random()', 'fact random(p#1) + fact random(p#2)'),
    "up to a parameter": ('random.randint(0, n)', 'draw(fact random(p#1), "randint", [0, $n], {})'),
    "numpy": ('np.random.randint(10)', 'draw(fact random(p#1), "randrange", [10], {})'),
    "an id": ('str(uuid.uuid4())', 'str(draw(fact random(p#1), "uuid", [], {}))'),
    # pure functions of the library over values of the run
    "a path": ("Path(version) / 'x'", 'call({"$pipec": ["symbol", "pathlib:Path"]}, [$version], {}) / "x"'),
    "joined": ("os.path.join('a', version)", 'call({"$pipec": ["symbol", "os.path:join"]}, ["a", $version], {})'),
    "keywords of a method": ("'{a}'.format(a=version)", 'call(attr("{a}", "format"), [], {"a": $version})'),
}  # fmt: skip


def argument(pipeline: Pipeline) -> str:
    """The printed argument of the one call."""
    (line,) = calls(pipeline)
    return line.removeprefix("use = call main:use(x=").removesuffix(")")


def calls(pipeline: Pipeline) -> list[str]:
    """The printed calls, without their configuration."""
    return [line for line in body(pipeline) if " = call " in line]


@pytest.mark.parametrize("row", ROWS)
def test_argument(row: str, tmp_path: Path) -> None:
    source, expected = ROWS[row]
    assert argument(lowered(tmp_path, f"{HEAD}    use({source})\n")) == expected


def test_extra_drives_a_loop(tmp_path: Path) -> None:
    program = f"{HEAD}    for size in get_pipeline_context().extra['sizes']:\n        use(size)\n"
    assert calls(lowered(tmp_path, program)) == ["use = call main:use(x=1)", "use_2 = call main:use(x=2)"]


def test_an_environment_reference_as_a_setting(tmp_path: Path) -> None:
    program = f"{HEAD}    use.with_options(environment={{'A': TOKEN, 'B': 'c'}})(1)\n"
    (call,) = lowered(tmp_path, program).body.operations
    shown = {name: getattr(value, "query", value) for name, value in call.config.environment.items()}  # type: ignore[union-attr]
    assert shown == {"A": {"name": "TOKEN"}, "B": "c"}


def test_draws_do_not_depend_on_lines(tmp_path: Path) -> None:
    before = body(lowered(tmp_path / "a", f"{HEAD}    use(random.random())\n"))
    after = body(lowered(tmp_path / "b", "# a line more\n" + f"{HEAD}    use(random.random())\n"))
    assert before == after


FILES = {
    "pyproject.toml": "",
    "conf/a.yaml": "sizes: [1, 2]\n",
    "conf/b.json": '{"c": 3}',
    "conf/c.toml": "d = 4\n",
    "t.txt": "one\ntwo\n",
}
READINGS = {
    "yaml": ("yaml.safe_load(open('conf/a.yaml'))['sizes']", "[1, 2]"),
    "yaml with a loader": ("yaml.load(open('conf/a.yaml'), Loader=yaml.FullLoader)['sizes']", "[1, 2]"),
    "json": ("__import__('json') and json.load(open('conf/b.json'))['c']", "3"),
    "text": ("Path('t.txt').read_text()", '"one\\ntwo\\n"'),
    "lines": ("[line.strip() for line in open('t.txt')]", '["one", "two"]'),
    "beside the file": ("(Path(__file__).resolve().parent / 'conf' / 'b.json').read_text()", '"{\\"c\\": 3}"'),
    "is there": ("Path('t.txt').exists() and os.path.isfile('conf/a.yaml') and os.path.isdir('conf')", "true"),
}  # fmt: skip


@pytest.mark.parametrize("row", READINGS)
def test_file(row: str, tmp_path: Path) -> None:
    source, expected = READINGS[row]
    write(tmp_path, FILES)
    source = source.replace("__import__('json') and ", "")
    found = lower(tmp_path, "import json\n" + f"{HEAD}    use({source})\n")
    assert [one.message for one in found.diagnostics if one.is_error] == []
    assert argument(found.pipelines[0]) == expected


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("open('missing.txt').read()", "PC0213"),
        ("open('/etc/hostname').read()", "PC0213"),
        ("Path('../up.txt').read_text()", "PC0213"),
        ("Path('missing').exists()", "PC0213"),
        ("os.getcwd()", "PC0204"),
        ("Path.home()", "PC0204"),
        ("time.perf_counter()", "PC0213"),
        ("os.urandom(3)", "PC0213"),
        ("np.random.randint(0, 9, size=3)", "PC0213"),
        ("Client().active_stack.name", "PC0213"),
        ("Client().list_pipelines()", "PC0213"),
        ("Model(name='other').get_artifact('x')", "PC0221"),
        ("client.get_artifact_version('a').producer_step_run_id", "PC0205"),
        ("get_pipeline_context().models", "PC0205"),
        ("datetime.datetime(2024, 1, 1).timestamp()", "PC0213"),
    ],
)
def test_what_is_not_known(source: str, code: str, tmp_path: Path) -> None:
    found = lower(tmp_path, f"{HEAD}    use({source})\n")
    assert [one.code for one in found.diagnostics if one.is_error] == [code]


@pytest.mark.parametrize(
    "effect",
    [
        "Path('made').mkdir()",
        "Path('made').write_text('x')",
        "open('made', 'w').write('x')",
        "os.makedirs('made')",
        "os.remove('keep')",
        "Path('keep').unlink()",
    ],
)
def test_the_compiler_does_nothing_to_the_disk(effect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keep").touch()
    found = lower(tmp_path / "project", f"{HEAD}    {effect}\n    use(1)\n")
    assert [one.code for one in found.diagnostics if one.is_error] == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["keep", "project"]


def test_the_model_of_a_run_configuration(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "run.yaml": "model:\n  name: churn\nextra:\n  kind: b\n"})
    program = HEAD.replace(
        'model=Model(name="churn", version="production"), extra={"sizes": [1, 2], "kind": "a"}, ', ""
    )
    write(
        tmp_path,
        {
            "main.py": f"{program}    use(get_pipeline_context().model.get_artifact('x'), get_pipeline_context().extra['kind'])\n"
        },
    )
    found = compile_program(tmp_path / "main.py", "ir", config=tmp_path / "run.yaml")
    assert [one.message for one in found.diagnostics if one.is_error] == []
    assert calls(found.pipelines[0]) == ['use = call main:use(x=lazy model_artifact(model="churn", name="x"), y="b")']
