"""One attempt of one step: loads its inputs, calls the user's function, stores its outputs.

An adapter turns its engine's conventions into an invocation document and calls `execute`, or `run_invocation` with the
parts of one (docs/internals/step-protocol.md shows how).
"""

from __future__ import annotations

import contextlib
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from pipec.runtime import codec, failures, fitting, imports, invocation, outputs
from pipec.runtime.artifacts import Workspace
from pipec.runtime.context import LiveStep
from pipec.runtime.errors import InputFault, InvalidInvocation, OutputFault, RuntimeFault
from pipec.runtime.expressions import Composer
from pipec.runtime.inputs import Inputs
from pipec.runtime.invocation import Invocation
from pipec.runtime.lookups import Lookups
from pipec.runtime.report import Report
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
        if read.secrets or read.environment:
            imports.own("pipec.runtime.environment").export(read)
    except InvalidInvocation as fault:
        print(f"pipec: {fault}", file=sys.stderr, flush=True)
        return fault.status
    if read.timeout is not None or read.retry is not None:
        status: int = imports.own("pipec.runtime.supervise").run(read, attempt)
        return status
    return attempt(read)


def prepare(symbol: str) -> None:
    """Look at a step's function once its module is imported, for all processes that are forked from this one.

    Whatever is wrong with it, they find out themselves.
    """
    module, _, name = symbol.partition(":")
    found = vars(sys.modules[module]).get(name) if module in sys.modules else None
    if isinstance(found, BaseStep):
        found = found.entrypoint
    if isinstance(found, types.FunctionType):
        with contextlib.suppress(Exception):
            fitting.shape(found)


def attempt(read: Invocation) -> int:
    """One attempt in this process; the status is that of `execute`."""
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


class _Attempt:
    def __init__(self, invocation: Invocation, workspace: Workspace) -> None:
        self.invocation, self.workspace = invocation, workspace
        self.lookups = Lookups(invocation, workspace)
        self.inputs = Inputs(invocation, workspace, self.lookups)
        self.live = LiveStep(invocation, self.inputs.slot, self.lookups, workspace)
        self.report = Report(invocation, self.live)

    def run(self) -> int:
        before: Any = None
        imports.install()
        try:
            if self.invocation.spec.cache is not None and self._reuse():
                return OK
            # While its module is imported no step runs: `Client()` at the top of a module is inert.
            function = _function(self.invocation.spec.function)
            before = sdk_context.install(self.live)
            self._step(function)
        except _UserFailed as failed:
            return self._fail(USER_FAILED, failed.problem)
        except RuntimeFault as fault:
            return self._fail(fault.status, fault)
        finally:
            sdk_context.install(before)
        return OK

    def _step(self, function: Callable[..., Any]) -> None:
        spec = self.invocation.spec
        self._fire("on_start")
        shape = fitting.shape(function)
        first = self._exception() if spec.hook is not None and spec.hook.takes_exception else ()
        arguments = self.inputs.arguments(shape, *first)
        slots = self.invocation.slots
        for name, value in arguments.items():
            if name not in slots or slots[name].artifact is None:
                self.live.parameters[name] = value
        try:
            value = _completed(function(*first, **arguments))
        except BaseException as problem:
            raise _UserFailed(problem) from None
        # Inputs may be as large as outputs: what the user let go of is not held here.
        arguments.clear()
        if spec.hook is None or spec.outputs:
            self._store(outputs.split(self.invocation, value, shape.hints.get("return", fitting.ANY)))
        del value
        self._fire("on_end")
        self._fire("on_success")
        try:
            self.report.succeeded()
        except Exception as problem:
            text = f"{type(problem).__name__}: {problem}"
            raise OutputFault(f"step `{self.invocation.step}`: what it did cannot be recorded: {text}") from problem

    def _store(self, results: dict[str, Any]) -> None:
        for name in list(results):
            # Each is let go of once it is stored.
            value, place = results.pop(name), self.report.place(name)
            manifest = outputs.store(self.live, name, value, place, self.workspace)
            if manifest is not None and place is not None:
                self.report.stored(name, manifest, place)
        self.report.register()

    def _reuse(self) -> bool:
        """Whether an earlier result was found, and now is that of this attempt."""
        store = self.lookups.open_store()
        if store is None:
            return False
        caching = imports.own("pipec.runtime.caching")
        composer = Composer(self.invocation, self.inputs.slot, None, self.lookups)
        try:
            parts = caching.parts_of(self.invocation, composer)
            entry, why = caching.find(store, self.invocation, parts)
            if not self.invocation.is_cache_read:
                entry, why = None, ["the cache is not read"]
            return self.report.cached(caching.key_of(parts), parts, entry, why)
        except RuntimeFault:
            raise
        except Exception as problem:
            text = f"{type(problem).__name__}: {problem}"
            raise InputFault(f"step `{self.invocation.step}`: the cache cannot be asked: {text}") from problem

    def _fire(self, name: str, problem: BaseException | None = None) -> None:
        if name in self.invocation.spec.hooks:
            hooks = imports.own("pipec.runtime.hooks")
            hooks.fire(self.invocation.spec.hooks, name, lambda symbol: _called(_function(symbol)), problem)

    def _exception(self) -> tuple[BaseException | None]:
        return (imports.own("pipec.runtime.hooks").first_failure(self.invocation.failures),)

    def _fail(self, status: int, problem: BaseException) -> int:
        """Print what went wrong, write it down, and give back the status."""
        cause = problem if status == USER_FAILED else problem.__cause__
        root = failures.root_of(self.invocation.spec.function.partition(":")[0])
        described = failures.describe(problem if cause is None else cause, root)
        if cause is not problem:
            described = {**described, **failures.named(problem)}
        # The disk that is full may be the log's too: the error document is tried all the same.
        with contextlib.suppress(OSError):
            self._say(described, problem, cause)
        self._fire("on_end", problem)
        if self.invocation.attempt >= self.invocation.spec.attempts:
            self._fire("on_failure", problem)
        try:
            self.report.failed({"status": status, **described})
        except Exception as error:
            with contextlib.suppress(OSError):
                print(f"pipec: the error document cannot be written: {error}", file=sys.stderr)
        hook = self.invocation.spec.hook
        if hook is not None and hook.name not in ("on_init", "on_start"):
            print(f"pipec: the hook {hook.name} failed; that does not change the run", file=sys.stderr)
            return OK
        return status

    def _say(self, described: Mapping[str, Any], problem: BaseException, cause: BaseException | None) -> None:
        if cause is not None:
            print(described["traceback"], end="", file=sys.stderr)
        if cause is not problem:
            print(f"pipec: {problem}", file=sys.stderr)
        if isinstance(problem, SystemExit):
            print(f"pipec: step `{self.invocation.step}` called sys.exit({problem.code!r})", file=sys.stderr)


def _called(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: _completed(function(*arguments))


def _function(symbol: str) -> Callable[..., Any]:
    """The user's function; whatever its module raises at import is the user's failure."""
    module, _, name = symbol.partition(":")
    if not (module and name):
        raise InvalidInvocation(f"`{symbol}` is not `module:name`")
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
