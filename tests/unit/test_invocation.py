"""What the static half of an invocation says of a step's configuration; the runtime reads all of it."""

from __future__ import annotations

import json
from pathlib import Path

from pipec.compiler.invocation import hook_invocation, static_invocation
from pipec.compiler.ir.model import Call
from pipec.runtime import invocation
from programs import lowered

PROGRAM = """
from typing import Annotated
from zenml import ArtifactConfig, Model, pipeline, step
from zenml.config import CachePolicy, StepRetryConfig

def start(): ...
def failed(exception): ...
def init(url): return {"url": url}
def done(): ...


@step(
    on_start=start, on_failure=failed, retry=StepRetryConfig(max_retries=2), enable_artifact_metadata=False,
    enable_step_logs=False, model=Model(name="churn", version="production"), environment={"MODE": "fast"},
    cache_policy=CachePolicy(expires_after=60, ignored_inputs=["n"], include_artifact_values=False),
)
def train(n: int = 1) -> Annotated[str, ArtifactConfig(name="model", version="1.0", tags=["t"])]:
    return "x"


@step(enable_cache=False)
def plain() -> int:
    return 1


@pipeline(on_init=init, on_init_kwargs={"url": "db"}, on_failure=failed, on_cleanup=done)
def p():
    train()
    plain()
"""

TRAIN = {
    "function": "p:train",
    "outputs": {"model": {"carrier": "artifact", "registered": {"version": "1.0", "tags": ["t"]}}},
    "hooks": {
        "on_start": {"function": "p:start"},
        "on_failure": {"function": "p:failed", "takes_exception": True},
    },
    "attempts": 3,
    "model": {"name": "churn", "version": "production"},
    "off": ["enable_artifact_metadata"],
}


def test_the_configuration_of_a_call(tmp_path: Path) -> None:
    pipeline = lowered(tmp_path, PROGRAM)
    train, plain = (each for each in pipeline.body.operations if isinstance(each, Call))
    found = static_invocation(train, pipeline.steps[train.step])
    module = str(found.spec["function"]).partition(":")[0]
    assert json.loads(json.dumps(found.spec).replace(f"{module}:", "p:")) == TRAIN
    cached = static_invocation(train, pipeline.steps[train.step], is_cached=True).spec["cache"]
    assert cached == {
        "digest": pipeline.steps[train.step].closure.digest,
        "environment": ["MODE"],
        "ignored": ["n"],
        "without": ["values"],
        "expires_after": 60.0,
    }
    # A step that is not configured says nothing of it, and one that is not cached has no digest.
    bare = static_invocation(plain, pipeline.steps[plain.step], is_cached=True).spec
    assert sorted(bare) == ["function", "outputs"]


def test_the_runtime_reads_it(tmp_path: Path) -> None:
    pipeline = lowered(tmp_path, PROGRAM)
    calls = [each for each in pipeline.body.operations if isinstance(each, Call)]
    specs = [static_invocation(each, pipeline.steps[each.step], is_cached=True).spec for each in calls]
    hooks = pipeline.config.hooks
    assert hooks.on_init is not None
    assert hooks.on_failure is not None
    specs += [hook_invocation("on_init", hooks.on_init), hook_invocation("on_failure", hooks.on_failure)]
    read = [invocation.read({"version": 1, "pipeline": "p", "step": "s", "run": "r", "spec": spec}) for spec in specs]
    train, _, init, failure = (each.spec for each in read)
    assert train.cache is not None
    assert (train.cache.expires_after, train.attempts, train.hooks["on_failure"].takes_exception) == (60.0, 3, True)
    assert init.hook == invocation.RunHook("on_init")
    assert (init.values, list(init.outputs)) == ({"url": "db"}, ["state"])
    assert failure.hook == invocation.RunHook("on_failure", takes_exception=True)
