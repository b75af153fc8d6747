"""What a pipeline asks for, where, and what a target's ledger makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import given, settings

from ir_builders import Builder, const, expr, item, type_
from pipec.compiler.backend import Capability, Support
from pipec.compiler.diagnostics import Severity
from pipec.compiler.ir.config import CachePolicy, Config, Hook, Hooks, Resources, Retry, Schedule
from pipec.compiler.ir.features import Feature, features_of
from pipec.compiler.ir.model import Closure, Operation, Pipeline
from pipec.compiler.ir.values import Lazy, ListOf, Output, RunFact
from pipec.compiler.passes import check_capabilities
from pipec.compiler.source import Position, Span
from strategies import pipelines

PLACE = Span("settings.py", Position(7, 1), Position(7, 9))
SPAN = Span("p.py", Position(1, 1), Position(1, 2))
HOOK = Hook("hooks:notify", Closure("sha256:0"))
ALWAYS = {Feature.ARTIFACT_OUTPUTS, Feature.PARAMETER_OUTPUTS}


def of(*operations: Operation, b: Builder, config: Config | None = None) -> set[Feature]:
    return set(features_of(b.pipeline(*operations, config=config))) - ALWAYS


def test_a_plain_program_asks_for_nothing() -> None:
    b = Builder()
    assert features_of(b.pipeline(b.call("a"))) == {}


def test_every_feature_is_found_in_some_program() -> None:
    found: set[Feature] = set()
    for pipeline in programs():
        found |= set(features_of(pipeline))
    assert set(Feature) - found == set()


def programs() -> list[Pipeline]:
    """Programs that together use everything."""
    b = Builder()
    b.param("p", "int | None")
    b.param("q", "list[int]", const([1]))
    b.step("load", outputs="n: int, frame: pandas.DataFrame")
    fact, lazy = RunFact("start_time", "p:1", type_("str")), Lazy("artifact", {"name": "x"}, type_("Any"))
    loop = replace(b.loop("loop", const([1]), b.call("c", x=item("loop"))), max_parallelism=2)
    data = b.pipeline(
        b.call("load"),
        b.call(
            "a",
            x=ListOf((b.out("load", "frame"),), type_("list")),
            y=expr("+", b.out("load", "n"), const(1)),
            z=fact,
            w=lazy,
        ),
        b.group("group", b.call("b", after=["a"])),
        b.branch("if_1", (expr(">", b.out("load", "n"), const(1)), [loop]), (None, [])),
        outputs={"r": Output("load", "n", type_("int"))},
    )
    step = replace(
        data.steps["steps:load"],
        doc="Load it.",
        outputs=(replace(data.steps["steps:load"].outputs[0], materializer="m:M"), data.steps["steps:load"].outputs[1]),
    )
    data = replace(data, steps={**data.steps, "steps:load": step})
    call = Config(
        cache=True, cache_policy=CachePolicy(), retry=Retry(2, 5.0, 2.0), timeout=60.0, environment={"A": "b"}, secrets=("s",),
        resources=Resources(1.0, "4GB", 1), docker={}, settings={"orchestrator": {}}, extra={"a": 1}, tags=("t",), model={"name": "m"},
        hooks=Hooks(on_failure=HOOK), labels={"group": "g"}, toggles={"enable_step_logs": True}, substitutions={"a": "b"}, run_name="r",
    )  # fmt: skip
    run = Config(timeout=60.0, hooks=Hooks(on_init=HOOK), execution_mode="fail_fast", max_parallelism=3)
    c = Builder()
    configured = replace(
        c.pipeline(c.call("a", config=call), config=run),
        schedule=Schedule(
            SPAN, cron="* * * * *", interval=60.0, start_time="2026-01-01T00:00:00+00:00", run_once_at="x", catchup=True
        ),
    )
    return [data, configured, replace(configured, config=Config(execution_mode="stop_on_failure"))]


def test_a_setting_is_found_where_it_was_made() -> None:
    b = Builder()
    config = Config(
        retry=Retry(2),
        settings={"orchestrator": {}},
        timeout=5.0,
        places={"retry": PLACE, "settings.orchestrator": PLACE},
    )
    call = b.call("a", config=config)
    found = features_of(b.pipeline(b.call("b"), call))
    assert found == {Feature.RETRIES: PLACE, Feature.COMPONENT_SETTINGS: PLACE, Feature.STEP_TIMEOUT: call.span}


def test_the_first_place_counts() -> None:
    b = Builder()
    first, second = b.call("a", after=["b"]), b.call("c", after=["b"])
    assert features_of(b.pipeline(b.call("b"), first, second))[Feature.ORDER] == first.span


def test_not_to_cache_asks_for_nothing() -> None:
    b = Builder()
    assert of(b.call("a"), b=b, config=Config(cache=False)) == set()


def test_a_predicate_is_a_condition_not_a_computed_argument() -> None:
    b = Builder()
    b.step("n", outputs="output: int")
    assert of(b.call("n"), b.branch("if_1", (expr(">", b.out("n"), const(1)), [])), b=b) == {Feature.CONDITIONS}


@dataclass(frozen=True)
class Target:
    ledger: Mapping[Feature, Capability]
    title: str = "Nowhere 1.0"


def test_what_a_target_makes_of_it() -> None:
    b = Builder()
    config = Config(retry=Retry(1, 5.0, 2.0), tags=("t",), secrets=("s",), places={"retry": PLACE})
    call = b.call("a", config=config)
    ledger = {
        Feature.RETRIES: Capability(Support.NATIVE),
        Feature.RETRY_DELAY: Capability(Support.EMULATED, "the runtime waits"),
        Feature.RETRY_BACKOFF: Capability(Support.REFUSED, "its delay is constant", "set `backoff=1`"),
        Feature.TAGS: Capability(Support.IGNORED, "it has no labels"),
    }
    refused, secrets, ignored = check_capabilities(b.pipeline(call), Target(ledger))
    assert (refused.code, refused.message, refused.span) == (
        "PC0401",
        "Nowhere 1.0 cannot do this: retry back-off",
        PLACE,
    )
    assert (refused.notes, refused.help, refused.severity) == (
        ("its delay is constant",),
        "set `backoff=1`",
        Severity.ERROR,
    )
    assert (secrets.code, secrets.notes) == ("PC0401", ("its ledger says nothing about it",))
    assert (ignored.code, ignored.message, ignored.severity) == (
        "PC0402",
        "this has no effect on Nowhere 1.0: tags",
        Severity.NOTE,
    )
    assert ignored.span == call.span


@given(pipelines())
@settings(max_examples=40)
def test_every_place_is_one_of_the_program(pipeline: Pipeline) -> None:
    assert all(isinstance(span, Span) for span in features_of(pipeline).values())
