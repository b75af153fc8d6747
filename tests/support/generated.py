"""Random programs with what each has to do, on whatever executor: control flow, data flow, failures.

Plain Python says what comes out and which steps ran, or that a step raises; from there on an interpreter of the IR of the
tests' own (`ir_reference`) says how each single call ends, and what the outputs are that there are all the same. The two
are held to one another here, so that a case that comes out of `generated_programs` is one on which both agree.
"""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, note, seed, settings

from bodies import PARAMETERS, programs
from conformance import Trace, tally
from ir_reference import Run, plain
from pipec.compiler.driver import compile
from pipec.compiler.ir.printer import print_pipeline
from plain_bodies import Future, Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pipec.compiler.ir.model import Pipeline

REFUSALS = frozenset(
    "PC0206 PC0209 PC0308 PC0312 PC0322 PC0323 PC0324 PC0325 PC0326 PC0327 PC0331".split(),
)
"""What may be said of a generated program: it is valid Python, but not each is a graph."""
FAILURES = 0.4
"""The share of programs in which a step fails."""
_DRAWING = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@dataclass(frozen=True, slots=True)
class Generated:
    """A program that compiles, its parameters, and what comes of it.

    Attributes:
        text: of a module with the pipeline `p`.
        pipeline: after all passes, for no target.
        parameters: of the run; what the compiler froze is not among them.
        state: `succeeded` or `failed`.
        operations: how each call ends, by instance (`train`, `train@2.0`): `succeeded`, `failed`, `skipped`,
            `upstream_failed`.
        outputs: those that there are, by name.
        seed: with which it was drawn.
    """

    text: str
    pipeline: Pipeline
    parameters: Mapping[str, Any]
    state: str
    operations: Mapping[str, str]
    outputs: Mapping[str, Any]
    seed: int = 0

    @property
    def trace(self) -> Trace:
        """The same, counted by step, as the conformance suite has it."""
        counted = tally(self.pipeline, self.operations)
        return Trace(self.state, counted.ran, counted.skipped, counted.failed, counted.stopped, self.outputs)

    def __str__(self) -> str:
        """All that is needed to look at a case that disagrees."""
        said = f"{self.state} {dict(self.outputs)} {dict(self.operations)}"
        return f"{self.text}\n{print_pipeline(self.pipeline)}\n{dict(self.parameters)}\n{said}"


class _Steps:
    """The names of a program's module, its steps as plain functions that note how they end, with which arguments."""

    def __init__(self, program: str) -> None:
        self.ended: Counter[str] = Counter()
        self.raised: Counter[str] = Counter()
        self.names: dict[str, Any] = {"step": self.step, "pipeline": lambda function: function}
        exec(program.replace("from pipec.sdk import pipeline, step", ""), self.names)

    def step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*positional: Any, **keywords: Any) -> Any:
            key = f"{function.__name__}{(*positional, *keywords.values())!r}"
            try:
                returned = function(*positional, **keywords)
            except Exception:
                self.raised[key] += 1
                raise
            self.ended[key] += 1
            return returned

        call.map = lambda *lists, **named: Listed(map(call, *lists, *named.values()))  # type: ignore[attr-defined]
        call.submit = lambda *given: Future(call(*given))  # type: ignore[attr-defined]
        return call


def judge(program: str, parameters: Mapping[str, Any]) -> Generated | None:
    """What a program does; None if the compiler refuses it, or if it raises something else than a step's error.

    Raises:
        AssertionError: the compiler refuses it for a reason that no such program gives, or its IR means something else
            than Python makes of it.
    """
    pipeline = _compiled(program)
    if pipeline is None:
        return None
    parameters = {**parameters, **{name: plain(one.value) for name, one in pipeline.frozen.items()}}
    python, returned, raised = _Steps(program), None, ""
    try:
        returned = python.names["p"](**parameters)
    except Exception as problem:
        raised = type(problem).__name__
    if raised not in ("", "ArithmeticError"):
        assert raised in ("NameError", "UnboundLocalError"), raised
        return None
    reference = _Steps(program)
    steps = {symbol: reference.names[symbol.partition(":")[2]] for symbol in pipeline.steps}
    run = Run(pipeline, steps, parameters)
    outputs = run.whatever_happens()
    assert bool(reference.raised) == bool(raised)
    if raised:
        assert python.ended <= reference.ended
        assert python.raised <= reference.raised
    else:
        assert [*outputs.values()] == [returned]
        assert reference.ended == python.ended
    declared = {one.name: parameters[one.name] for one in pipeline.parameters}
    return Generated(program, pipeline, declared, "failed" if raised else "succeeded", run.states, outputs)


def _compiled(program: str) -> Pipeline | None:
    with tempfile.TemporaryDirectory(prefix="pipec-generated-") as folder:
        file = Path(folder) / "program.py"
        (file.parent / "pyproject.toml").touch()
        file.write_text(program, encoding="utf-8")
        compilation = compile(file, None, pipeline="p")
    if compilation.pipelines:
        return compilation.pipelines[0]
    codes = {one.code for one in compilation.diagnostics if one.is_error}
    assert codes
    assert codes <= REFUSALS
    return None


def generated_programs(first_seed: int, count: int, failures: float = FAILURES) -> Iterator[Generated]:
    """So many different programs that compile, the same for the same seed; in a share of `failures` a step fails.

    The file of each is to be called `program.py`: so do the compiled pipelines. Compile with `pipeline="p"`.
    """
    wanted = {"failed": round(count * failures), "succeeded": count - round(count * failures)}
    seen: set[str] = set()
    for number in itertools.count(first_seed):
        for program, parameters in _drawn(number):
            key = f"{program}{parameters}"
            found = None if key in seen else judge(program, parameters)
            seen.add(key)
            if found is not None and wanted[found.state]:
                wanted[found.state] -= 1
                yield replace(found, seed=number)
        if not any(wanted.values()):
            return


def agree(first_seed: int, count: int, disagreement: Callable[[Generated], str]) -> Counter[str]:
    """Hold an executor to so many programs, one after the other; how many ended in which state.

    Args:
        first_seed: as of `generated_programs`.
        count: how many.
        disagreement: runs one; what is wrong, or nothing.

    Raises:
        AssertionError: at the first that is wrong, with the smallest like it that could be found.
    """
    ended: Counter[str] = Counter()
    for case in generated_programs(first_seed, count):
        wrong = disagreement(case)
        if wrong:
            _shrink(case.seed, disagreement)
            raise AssertionError(f"{case}\nseed {case.seed}: {wrong}")  # not again when it was drawn anew
        ended[case.state] += 1
    return ended


def _shrink(number: int, disagreement: Callable[[Generated], str]) -> None:
    @seed(number)
    @settings(_DRAWING, phases=[Phase.generate, Phase.shrink])
    @given(programs(may_fail=True), PARAMETERS)
    def check(program: str, parameters: dict[str, Any]) -> None:
        case = judge(program, parameters)
        wrong = "" if case is None else disagreement(case)
        note(str(case))
        assert not wrong

    check()


def _drawn(number: int) -> list[tuple[str, dict[str, Any]]]:
    drawn: list[tuple[str, dict[str, Any]]] = []

    @seed(number)
    @settings(_DRAWING, phases=[Phase.generate])
    @given(programs(may_fail=True), PARAMETERS)
    def draw(program: str, parameters: dict[str, Any]) -> None:
        drawn.append((program, parameters))

    draw()
    return drawn
