"""Functions of a running step go to the run that the runtime installed; outside of a step they say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

import pipec.sdk
from pipec.sdk import (
    ArtifactVersion,
    BaseMaterializer,
    Client,
    Model,
    StepContextError,
    Tag,
    UnmaterializedArtifact,
    context,
    get_step_context,
)
from pipec.sdk.context import ModelVersion, Subject
from pipec.sdk.exceptions import ServerError


class Run:
    """A `StepRun` that notes what it is told."""

    pipeline_name, run_id, run_name, step_name, attempt = "training", "run-1", "training-1", "train", 2
    extra: Mapping[str, Any] = {"a": 1}
    parameters: Mapping[str, Any] = {"rate": 0.1}
    pipeline_state = "state"

    def __init__(self, outputs: Sequence[str] = ("model", "score"), model: Model | None = None) -> None:
        self.outputs, self.model = outputs, model
        self.inputs: Mapping[str, list[ArtifactVersion]] = {"rows": [stored("rows")]}
        self.told: list[tuple[Any, ...]] = []

    def output_uri(self, output: str) -> str:
        return f"s3://store/{output}"

    def output_materializer(self, output: str) -> type[BaseMaterializer] | None:
        return Text if output == "model" else None

    def log_metadata(self, subject: Subject, metadata: Mapping[str, Any]) -> None:
        self.told.append(("metadata", tuple(subject), dict(metadata)))

    def metadata(self, subject: Subject) -> Mapping[str, Any]:
        return {"of": subject.name or ""}

    def add_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        self.told.append(("tags", tuple(subject), list(tags)))

    def remove_tags(self, subject: Subject, tags: Sequence[str]) -> None:
        self.told.append(("untag", tuple(subject), list(tags)))

    def tags(self, subject: Subject) -> Sequence[str]:
        return ("t",)

    def look_up(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        self.told.append(("look up", method, arguments, keywords))
        return "answer"

    def find_artifact(self, name: str, version: str | int | None, model: Model | None) -> ArtifactVersion:
        self.told.append(("find", name, version, model))
        return stored(name)

    def save_artifact(self, data: Any, name: str, **facts: Any) -> ArtifactVersion:
        self.told.append(("save", data, name, facts))
        return stored(name)

    def register_artifact(self, uri: str, name: str, **facts: Any) -> ArtifactVersion:
        self.told.append(("register", uri, name, facts))
        return stored(name)

    def link_artifact(self, artifact: ArtifactVersion, model: Model | None) -> None:
        self.told.append(("link", artifact.name, model))

    def model_version(self, name: str, version: str | int | None) -> ModelVersion:
        return ModelVersion(name, 7, "production", "id-7", {"auc": 0.9})

    def set_model_stage(self, name: str, version: str | int | None, stage: str, force: bool) -> None:
        self.told.append(("stage", name, version, stage, force))


class Text(BaseMaterializer):
    ASSOCIATED_TYPES = (str,)
    SKIP_REGISTRATION = True  # other tests of this process store text, too


def stored(name: str) -> ArtifactVersion:
    return ArtifactVersion(name=name, version="1", uri=f"s3://store/{name}", load=lambda: f"value of {name}")


@pytest.fixture
def run() -> Iterator[Run]:
    installed = Run(model=Model(name="churn", version=3))
    before = context.install(installed)
    yield installed
    assert context.install(before) is installed


def test_facts(run: Run) -> None:
    step = get_step_context()
    assert (step.step_name, step.step_run.name, step.step_run.attempt) == ("train", "train", 2)
    assert (step.pipeline.name, step.pipeline_run.id, step.pipeline_run.name) == ("training", "run-1", "training-1")
    assert (step.step_run.parameters, step.step_run.extra, step.pipeline_state) == ({"rate": 0.1}, {"a": 1}, "state")
    assert step.model == step.model_version == Model(name="churn", version=3)
    assert step.inputs["rows"][0].load() == "value of rows"


def test_outputs(run: Run) -> None:
    step = get_step_context()
    assert step.get_output_artifact_uri("score") == "s3://store/score"
    assert step.get_output_metadata("model") == {"of": "model"}
    assert step.get_output_tags("model") == ["t"]
    step.add_output_metadata({"n": 1}, output_name="model")
    step.add_output_tags(["a"], "model")
    step.remove_output_tags(["a"], "model")
    about = ("output", "model", None)
    assert run.told == [("metadata", about, {"n": 1}), ("tags", about, ["a"]), ("untag", about, ["a"])]
    materializer = step.get_output_materializer("model")
    assert (type(materializer), materializer.uri) == (Text, "s3://store/model")
    assert type(step.get_output_materializer("score", custom_materializer_class=Text)) is Text


def test_which_output() -> None:
    step = context.StepContext(Run())
    with pytest.raises(StepContextError, match="`train` has several outputs, name one of `model`, `score`"):
        step.get_output_artifact_uri()
    with pytest.raises(StepContextError, match="`train` has no output `metric`, only `model`, `score`"):
        step.get_output_artifact_uri("metric")
    with pytest.raises(StepContextError, match="`train` has no outputs"):
        context.StepContext(Run(outputs=())).get_output_artifact_uri()
    assert context.StepContext(Run(outputs=["only"])).get_output_artifact_uri() == "s3://store/only"
    with pytest.raises(StepContextError, match="the materializer of `score` is not known before its value"):
        step.get_output_materializer("score")
    with pytest.raises(StepContextError, match="step `train` has no model"):
        step.model  # noqa: B018


@pytest.mark.parametrize(
    ("keywords", "subject"),
    [
        ({}, ("step", None, None)),
        ({"step_id": "s"}, ("step", "s", None)),
        ({"step_name": "s", "run_id_name_or_prefix": "r"}, ("step", "s", "r")),
        ({"run_id_name_or_prefix": "r"}, ("run", "r", None)),
        ({"artifact_version_id": "i"}, ("artifact", "i", None)),
        ({"artifact_name": "model"}, ("artifact", "model", None)),
        ({"artifact_name": "a", "artifact_version": "2"}, ("artifact", "a", "2")),
        ({"artifact_name": "model", "infer_artifact": True}, ("output", "model", None)),
        ({"model_version_id": "i"}, ("model", "i", None)),
        ({"model_name": "m", "model_version": 2}, ("model", "m", 2)),
        ({"infer_model": True}, ("model", "churn", 3)),
    ],
)
def test_log_metadata(run: Run, keywords: dict[str, Any], subject: tuple[Any, ...]) -> None:
    pipec.sdk.log_metadata({"auc": 0.9}, **keywords)
    assert run.told == [("metadata", subject, {"auc": 0.9})]


def test_log_metadata_takes_one_target(run: Run) -> None:
    with pytest.raises(ValueError, match="one target, not run and model"):
        pipec.sdk.log_metadata({}, run_id_name_or_prefix="r", infer_model=True)
    run.model = None
    with pytest.raises(ValueError, match="neither the step nor its pipeline names a model"):
        pipec.sdk.log_metadata({}, infer_model=True)


def test_other_metadata_functions(run: Run) -> None:
    pipec.sdk.log_step_metadata({"a": 1})
    pipec.sdk.log_artifact_metadata({"b": 1}, artifact_name="score")
    pipec.sdk.log_artifact_metadata({"c": 1}, artifact_name="elsewhere", artifact_version="2")
    pipec.sdk.log_model_metadata({"d": 1})
    pipec.sdk.log_model_metadata({"e": 1}, "other", "production")
    pipec.sdk.bulk_log_metadata({"f": 1}, pipeline_runs=["r"], infer_models=True, infer_artifacts=True)
    assert [subject for _, subject, _ in run.told] == [
        ("step", None, None),
        ("output", "score", None),
        ("artifact", "elsewhere", "2"),
        ("model", "churn", 3),
        ("model", "other", "production"),
        ("run", "r", None),
        ("model", "churn", 3),
        ("output", "model", None),
        ("output", "score", None),
    ]
    with pytest.raises(ValueError, match="names nothing"):
        pipec.sdk.bulk_log_metadata({"g": 1})


def test_tags(run: Run) -> None:
    pipec.sdk.add_tags(["a", Tag(name="b")])
    pipec.sdk.add_tags("c", artifact_name="model", infer_artifact=True)
    pipec.sdk.remove_tags("c", artifact="data")
    assert run.told == [
        ("tags", ("run", None, None), ["a", "b"]),
        ("tags", ("output", "model", None), ["c"]),
        ("untag", ("artifact", "data", None), ["c"]),
    ]
    with pytest.raises(ValueError, match="`snapshot` is a thing of a ZenML server"):
        pipec.sdk.add_tags("a", snapshot="s")
    with pytest.raises(ValueError, match="one target, not run and artifact"):
        pipec.sdk.add_tags("a", run="r", artifact="x")


def test_artifacts(run: Run) -> None:
    assert pipec.sdk.load_artifact("rows", "2") == "value of rows"
    saved = pipec.sdk.save_artifact([1], "numbers", tags=["t"], user_metadata={"n": 1})
    pipec.sdk.register_artifact("s3://store/x", "x", version=4)
    pipec.sdk.link_artifact_to_model(saved)
    empty: dict[str, Any] = {"version": None, "artifact_type": None}
    assert run.told == [
        ("find", "rows", "2", None),
        ("save", [1], "numbers", {**empty, "tags": ["t"], "metadata": {"n": 1}, "materializer": None, "uri": None}),
        ("register", "s3://store/x", "x", {**empty, "version": 4, "tags": (), "metadata": {}}),
        ("link", "numbers", None),
    ]


def test_an_artifact_is_loaded_once() -> None:
    loads: list[int] = []
    artifact = UnmaterializedArtifact(name="a", version="1", uri="u", load=lambda: loads.append(1))
    assert (artifact.load(), artifact.load(), loads) == (None, None, [1])
    assert repr(artifact) == "UnmaterializedArtifact('a', version='1', uri='u')"


def test_model(run: Run) -> None:
    model = get_step_context().model
    assert (model.number, model.stage, model.id, model.run_metadata) == (7, "production", "id-7", {"auc": 0.9})
    assert model.load_artifact("weights") == "value of weights"
    model.set_stage("production", force=True)
    model.log_metadata({"a": 1})
    assert run.told == [
        ("find", "weights", None, model),
        ("stage", "churn", 3, "production", True),
        ("metadata", ("model", "churn", 3), {"a": 1}),
    ]


def test_client_in_a_step(run: Run) -> None:
    assert Client().get_artifact_version("rows", version="2") == "answer"
    assert Client().get_model_version("churn", "production") == "answer"
    assert run.told == [
        ("look up", "get_artifact_version", ("rows",), {"version": "2"}),
        ("look up", "get_model_version", ("churn", "production"), {}),
    ]
    with pytest.raises(ServerError) as raised:
        Client().get_artifact_versions("rows")
    assert str(raised.value) == (
        "Client() has no `get_artifact_versions` in a step (did you mean `get_artifact_version` or "
        "`list_artifact_versions`?); pipec answers get_artifact_version, get_model_version, get_pipeline, "
        "get_pipeline_run, get_run_step, list_artifact_versions, list_model_versions, list_pipeline_runs"
    )
    # What the compiler resolves stays inert.
    assert repr(Client().active_stack.name) == "<Client().active_stack.name>"


OUTSIDE: dict[str, Callable[[], object]] = {
    "get_step_context()": get_step_context,
    "log_metadata()": lambda: pipec.sdk.log_metadata({}),
    "bulk_log_metadata()": lambda: pipec.sdk.bulk_log_metadata({}),
    "log_step_metadata()": lambda: pipec.sdk.log_step_metadata({}),
    "log_artifact_metadata()": lambda: pipec.sdk.log_artifact_metadata({}),
    "log_model_metadata()": lambda: pipec.sdk.log_model_metadata({}),
    "save_artifact()": lambda: pipec.sdk.save_artifact(1, "a"),
    "load_artifact()": lambda: pipec.sdk.load_artifact("a"),
    "register_artifact()": lambda: pipec.sdk.register_artifact("u", "a"),
    "link_artifact_to_model()": lambda: pipec.sdk.link_artifact_to_model(stored("a")),
    "add_tags()": lambda: pipec.sdk.add_tags("a"),
    "remove_tags()": lambda: pipec.sdk.remove_tags("a"),
    "Model.get_artifact()": lambda: Model(name="m").get_artifact("a"),
    "Model.number": lambda: Model(name="m").number,
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_outside_of_a_step(what: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        OUTSIDE[what]()
    assert str(raised.value) == f"{what} can be used only inside a running step"


def test_stand_ins(caplog: pytest.LogCaptureFixture, run: Run) -> None:
    async def hook(value: int) -> int:
        return value + 1

    assert pipec.sdk.run_hook(hook, 1) == 2
    assert pipec.sdk.run_hook(dict, kwargs={"a": 3}) == {"a": 3}
    with caplog.at_level("INFO", "pipec"):
        pipec.sdk.show()
        pipec.sdk.alerter_success_hook()
        pipec.sdk.alerter_failure_hook(KeyError("k"))
    assert caplog.messages == [
        "pipec has no dashboard; see `pipec runs`",
        "step `train` of pipeline `training` succeeded",
        "step `train` of pipeline `training` failed: KeyError: 'k'",
    ]
    assert pipec.sdk.get_logger("a.b").name == "a.b"
