"""One attempt of one step: loads its inputs, calls the user's function, stores its outputs.

An adapter turns its engine's conventions into an invocation document and calls `execute`, or `run_invocation` with the
parts of one (docs/internals/step-protocol.md shows how).
"""

from __future__ import annotations

import contextlib
import inspect
import json
import sys
from collections.abc import Callable, Generator, Mapping
from typing import Any

from pipec.runtime import codec, failures, fitting, imports, invocation, outputs
from pipec.runtime.artifacts import Workspace
from pipec.runtime.context import LiveStep
from pipec.runtime.errors import InvalidInvocation, RuntimeFault
from pipec.runtime.inputs import Inputs
from pipec.runtime.invocation import Invocation
from pipec.sdk import context as sdk_context
from pipec.sdk.steps import BaseStep

OK, USER_FAILED = 0, 1


def run_invocation(
    spec: Mapping[str, Any],
    *,
    pipeline: str,
    step: str,
    run: str,
    slots: Mapping[str, Mapping[str, str]],
    results: Mapping[str, Mapping[str, str]],
    **facts: Any,
) -> int:
    """`execute` with the parts of a document; `facts` are its other entries (`attempt`, `error`, `record`, …)."""
    parts = {"pipeline": pipeline, "step": step, "run": run, "spec": spec, "slots": slots, "results": results}
    given = {name: fact for name, fact in facts.items() if fact is not None}
    return execute({"version": invocation.VERSION, **parts, **given})


def execute(document: object) -> int:
    """Run the step that an invocation document describes.

    Nothing is raised: what goes wrong is printed to standard error and written to the error document.

    Returns:
        The exit status: 0 it succeeded; 1 the user's code raised; 2 the invocation is wrong; 3 an input could not be
        loaded or does not fit its annotation; 4 an output could not be stored.
    """
    try:
        read = invocation.read(document)
    except InvalidInvocation as fault:
        print(f"pipec: {fault}", file=sys.stderr, flush=True)
        return fault.status
    workspace = Workspace()
    try:
        return _Attempt(read, workspace).run()
    finally:
        workspace.close()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()


class _UserFailed(Exception):
    """Carries what the user's code raised past the handlers of the runtime's own faults."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self.problem = problem


@contextlib.contextmanager
def _user_code() -> Generator[None]:
    try:
        yield
    except BaseException as problem:
        raise _UserFailed(problem) from None


class _Attempt:
    def __init__(self, invocation: Invocation, workspace: Workspace) -> None:
        self.invocation, self.workspace = invocation, workspace
        self.inputs = Inputs(invocation, workspace)
        self.live = LiveStep(invocation, self.inputs.slot)
        self.stored: dict[str, dict[str, Any]] = {}

    def run(self) -> int:
        before = sdk_context.install(self.live)
        try:
            self._step()
        except _UserFailed as failed:
            return self._fail(USER_FAILED, failed.problem)
        except RuntimeFault as fault:
            return self._fail(fault.status, fault)
        finally:
            sdk_context.install(before)
        return OK

    def _step(self) -> None:
        function = _function(self.invocation.spec.function)
        hints = fitting.of(function)
        arguments = self.inputs.arguments(function, hints)
        slots = self.invocation.slots
        for name, value in arguments.items():
            if name not in slots or slots[name].artifact is None:
                self.live.parameters[name] = value
        with _user_code():
            value = _completed(function(**arguments))
        # Inputs may be as large as outputs: what the user let go of is not held here.
        arguments.clear()
        results = outputs.split(self.invocation, value, hints.get("return", fitting.ANY))
        for name in results:
            if name in self.invocation.results:
                manifest = outputs.store(self.live, name, results[name], self.workspace)
                if manifest is not None:
                    self.stored[name] = {
                        "place": self.invocation.results[name].artifact,
                        **{fact: getattr(manifest, fact) for fact in ("materializer", "type", "digest", "size")},
                    }
        self._report("succeeded")

    def _fail(self, status: int, problem: BaseException) -> int:
        """Print what went wrong, write it down, and give back the status."""
        cause = problem if status == USER_FAILED else problem.__cause__
        root = failures.root_of(self.invocation.spec.function.partition(":")[0])
        described = failures.describe(problem if cause is None else cause, root)
        if cause is not None:
            print(described["traceback"], end="", file=sys.stderr)
        if cause is not problem:
            described = {**described, "type": codec.type_name(type(problem)), "message": str(problem)}
            print(f"pipec: {problem}", file=sys.stderr)
        if isinstance(problem, SystemExit):
            print(f"pipec: step `{self.invocation.step}` called sys.exit({problem.code!r})", file=sys.stderr)
        try:
            self._report("failed", {"status": status, **described})
        except OSError as error:
            print(f"pipec: the error document cannot be written: {error}", file=sys.stderr)
        return status

    def _report(self, state: str, error: Mapping[str, Any] | None = None) -> None:
        """Write the error document and the record of this attempt, where they are wanted."""
        about = self.invocation
        head: dict[str, Any] = {"version": invocation.VERSION}
        head |= {name: getattr(about, name) for name in ("pipeline", "step", "run", "attempt")}
        if error is not None and about.error is not None:
            outputs.write(about.error, json.dumps({**head, **error}, indent=1) + "\n")
        if about.record is not None:
            facts = {"state": state, "function": about.spec.function, "outputs": self.stored}
            record = {**head, **facts, "recorded": self.live.recording()}
            outputs.write(about.record, json.dumps(record, indent=1) + "\n")


def _function(symbol: str) -> Callable[..., Any]:
    """The user's function; whatever its module raises at import is the user's failure."""
    module, _, name = symbol.partition(":")
    if not (module and name):
        raise InvalidInvocation(f"`{symbol}` is not `module:name`")
    imports.install()
    try:
        found = codec.resolve(symbol)
        if isinstance(found, type) and issubclass(found, BaseStep):
            found = found()
    except AttributeError as problem:
        if module in sys.modules and problem.obj is sys.modules[module]:
            raise InvalidInvocation(f"the module `{module}` has no `{name}`") from problem
        raise _UserFailed(problem) from None
    except ModuleNotFoundError as problem:
        if problem.name is not None and f"{module}.".startswith(f"{problem.name}."):
            raise InvalidInvocation(f"there is no module `{problem.name}` in the code root") from problem
        raise _UserFailed(problem) from None
    except BaseException as problem:
        raise _UserFailed(problem) from None
    function = found.entrypoint if isinstance(found, BaseStep) else found
    if not callable(function):
        raise InvalidInvocation(f"`{symbol}` is no function")
    called: Callable[..., Any] = function
    return called


def _completed(value: Any) -> Any:
    if not inspect.iscoroutine(value):
        return value
    # A third of a step's start-up, for the few that are `async def`.
    import asyncio

    return asyncio.run(value)
