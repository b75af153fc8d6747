"""One attempt of one step: loads its inputs, calls the user's function, stores its outputs.

An adapter turns its engine's conventions into an invocation document and calls `execute`, or `run_invocation` with the
parts of one (docs/internals/step-protocol.md shows how).
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from pipec.runtime import artifacts, codec, failures, fitting, imports, invocation
from pipec.runtime.artifacts import Workspace
from pipec.runtime.context import LiveStep, artifact
from pipec.runtime.errors import InputFault, InvalidInvocation, OutputFault, RuntimeFault
from pipec.runtime.expressions import Composer
from pipec.runtime.invocation import Invocation
from pipec.runtime.materializers import registry
from pipec.sdk import context as sdk_context
from pipec.sdk.artifacts import UnmaterializedArtifact
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
    return execute({"version": invocation.VERSION, **parts, **{k: v for k, v in facts.items() if v is not None}})


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
    attempt = _Attempt(read)
    try:
        return attempt.run()
    finally:
        attempt.workspace.close()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()


class _UserFailed(Exception):
    """Carries what the user's code raised past the handlers of the runtime's own faults."""

    def __init__(self, problem: BaseException) -> None:
        super().__init__()
        self.problem = problem


@contextlib.contextmanager
def _user_code() -> Any:
    try:
        yield
    except BaseException as problem:
        raise _UserFailed(problem) from None


class _Attempt:
    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.workspace = Workspace()
        self.root: pathlib.Path | None = None
        self.live = LiveStep(invocation, self.slot)
        self.stored: dict[str, Any] = {}
        self._loaded: dict[str, Any] = {}

    def run(self) -> int:
        before = sdk_context.install(self.live)
        try:
            function = self._function()
            hints = fitting.of(function)
            arguments = self._arguments(function, hints)
            with _user_code():
                value = _completed(function(**arguments))
            # Inputs may be as large as outputs; what the user let go is not held here.
            arguments.clear()
            self._loaded.clear()
            self._store(self._outputs(value, hints.get("return", fitting.ANY)))
            self._record("succeeded")
        except _UserFailed as failed:
            return self._fail(USER_FAILED, failed.problem)
        except RuntimeFault as fault:
            return self._fail(fault.status, fault)
        finally:
            sdk_context.install(before)
        return OK

    def _function(self) -> Callable[..., Any]:
        symbol = self.invocation.spec.function
        module, _, name = symbol.partition(":")
        if not (module and name):
            raise InvalidInvocation(f"`{symbol}` is not `module:name`")
        imports.install()
        try:
            found = codec.resolve(symbol)
        except AttributeError as problem:
            if module not in sys.modules:
                raise _UserFailed(problem) from None
            raise InvalidInvocation(f"the module `{module}` has no `{name}`") from problem
        except ModuleNotFoundError as problem:
            if problem.name is not None and (module == problem.name or module.startswith(problem.name + ".")):
                raise InvalidInvocation(f"there is no module `{problem.name}` in the code root") from problem
            raise _UserFailed(problem) from None
        except BaseException as problem:
            raise _UserFailed(problem) from None
        self.root = failures.root_of(module)
        if isinstance(found, type) and issubclass(found, BaseStep):
            with _user_code():
                found = found()
        function = found.entrypoint if isinstance(found, BaseStep) else found
        if not callable(function):
            raise InvalidInvocation(f"`{symbol}` is no function")
        return function

    def slot(self, name: str) -> Any:
        """The value of a slot, read once."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name, fitting.ANY)
        return self._loaded[name]

    def _load(self, name: str, expected: Any) -> Any:
        slot = self.invocation.slots.get(name)
        if slot is None:
            raise InvalidInvocation(f"an argument needs the slot `{name}`, which the invocation does not have")
        try:
            if slot.artifact is not None:
                return registry.load(slot.artifact, expected, self.workspace, slot.digest)
            return codec.loads(slot.json or "")
        except RuntimeFault as fault:
            raise InputFault(f"step `{self.invocation.step}`, input `{name}`: {fault}") from fault.__cause__
        except Exception as problem:
            raise self._input_fault(name, "could not be loaded", problem) from problem

    def _input_fault(self, name: str, what: str, problem: Exception) -> InputFault:
        text = f"{type(problem).__name__}: {problem}"
        return InputFault(f"step `{self.invocation.step}`, input `{name}` {what}: {text}")

    def _arguments(self, function: Callable[..., Any], hints: Mapping[str, Any]) -> dict[str, Any]:
        spec, slots = self.invocation.spec, self.invocation.slots
        signature = inspect.signature(function)
        names = [*spec.values, *spec.compose, *(slot for slot in slots if slot in signature.parameters)]
        composer = Composer(self.invocation, self.slot)
        order = {name: place for place, name in enumerate(signature.parameters)}
        arguments: dict[str, Any] = {}
        for name in sorted(set(names), key=lambda name: order.get(name, len(order))):
            expected = hints.get(name, fitting.ANY)
            value = self._argument(name, expected, composer)
            try:
                arguments[name] = fitting.fit(value, expected)
            except fitting.Misfit as misfit:
                raise InputFault(f"step `{self.invocation.step}`, input `{name}`: {misfit}") from None
            slot = slots.get(name)
            if slot is None or slot.artifact is None:
                self.live.parameters[name] = arguments[name]
        try:
            signature.bind(**arguments)
        except TypeError as problem:
            raise InvalidInvocation(f"step `{self.invocation.step}` cannot be called: {problem}") from problem
        return arguments

    def _argument(self, name: str, expected: Any, composer: Composer) -> Any:
        spec = self.invocation.spec
        try:
            if name in spec.values:
                return codec.decode(spec.values[name], is_trusted=True)
            if name in spec.compose:
                return composer.evaluate(spec.compose[name])
        except RuntimeFault:
            raise
        except Exception as problem:
            raise self._input_fault(name, "could not be computed", problem) from problem
        plain = fitting.plain(expected)
        if isinstance(plain, type) and issubclass(plain, UnmaterializedArtifact):
            return artifact(self.invocation, name, self.slot, plain)
        return self._load(name, expected)

    def _outputs(self, value: Any, annotation: Any) -> dict[str, Any]:
        """The value by output, checked for number and kind."""
        spec, step = self.invocation.spec, self.invocation.step
        names = list(spec.outputs)
        if not names:
            if value is not None:
                raise OutputFault(f"step `{step}` has no outputs, but returned {codec.type_name(type(value))}")
            return {}
        if not spec.returns_tuple:
            return {names[0]: self._fitted(names[0], value, annotation)}
        if not isinstance(value, tuple | list):
            raise OutputFault(f"step `{step}` has {len(names)} outputs, but returned {codec.type_name(type(value))}")
        if len(value) != len(names):
            raise OutputFault(f"step `{step}` has {len(names)} outputs, but returned {len(value)} values")
        expected = fitting.elements(annotation, len(names))
        parts = zip(names, value, expected, strict=True)
        return {name: self._fitted(name, part, annotation) for name, part, annotation in parts}

    def _fitted(self, name: str, value: Any, annotation: Any) -> Any:
        try:
            return fitting.fit(value, annotation, converts=False)
        except fitting.Misfit as misfit:
            raise OutputFault(f"step `{self.invocation.step}`, output `{name}`: {misfit}") from None

    def _store(self, outputs: dict[str, Any]) -> None:
        for name, value in outputs.items():
            result = self.invocation.results.get(name)
            if result is None:
                continue
            try:
                if result.artifact is not None:
                    self._store_artifact(name, value, result.artifact)
                if result.parameter is not None:
                    write(result.parameter, self._parameter(name, value))
            except OutputFault:
                raise
            except Exception as problem:
                text = f"{type(problem).__name__}: {problem}"
                where = f"step `{self.invocation.step}`, output `{name}`"
                raise OutputFault(f"{where} could not be stored: {text}") from problem

    def _store_artifact(self, name: str, value: Any, place: str) -> None:
        subject = sdk_context.Subject("output", name)
        manifest = registry.store(
            value,
            place,
            self.workspace,
            symbol=self.invocation.spec.outputs[name].materializer,
            metadata=self.live.recorded.get(subject),
            tags=self.live.tagged.get(subject, ()),
        )
        facts = ("materializer", "type", "digest", "size")
        self.stored[name] = {"place": place, **{fact: getattr(manifest, fact) for fact in facts}}

    def _parameter(self, name: str, value: Any) -> str:
        where = f"step `{self.invocation.step}`, output `{name}`"
        try:
            text = codec.text(codec.encode(value, _numpy_number))
        except codec.NotCanonical as problem:
            raise OutputFault(f"{where} must be JSON to travel as a parameter, but it is or holds {problem}") from None
        if len(text) > self.invocation.parameter_limit:
            limit = self.invocation.parameter_limit
            raise OutputFault(f"{where} has {len(text):,} bytes as a parameter; the limit is {limit:,}")
        return text

    def _record(self, state: str, error: Mapping[str, Any] | None = None) -> None:
        """Write the record of this attempt, and the error document."""
        about = self.invocation
        head = {name: getattr(about, name) for name in ("pipeline", "step", "run", "attempt")}
        if error is not None and about.error is not None:
            write(about.error, json.dumps({"version": invocation.VERSION, **head, **error}, indent=1) + "\n")
        if about.record is None:
            return
        subjects = {*self.live.recorded, *self.live.tagged}
        record = {
            "version": invocation.VERSION,
            **head,
            "state": state,
            "function": about.spec.function,
            "outputs": self.stored,
            "recorded": [
                {
                    "kind": subject.kind,
                    "name": subject.name,
                    "metadata": self.live.recorded.get(subject, {}),
                    "tags": self.live.tagged.get(subject, []),
                }
                for subject in sorted(subjects)
            ],
        }
        write(about.record, json.dumps(record, indent=1) + "\n")

    def _fail(self, status: int, problem: BaseException) -> int:
        """Print what went wrong, write it down, and give back the status."""
        cause = problem.__cause__ if status != USER_FAILED else problem
        described = failures.describe(problem if cause is None else cause, self.root)
        if status == USER_FAILED:
            print(described["traceback"], end="", file=sys.stderr)
        else:
            if cause is not None:
                print(described["traceback"], end="", file=sys.stderr)
            described = {**described, "type": codec.type_name(type(problem)), "message": str(problem)}
            print(f"pipec: {problem}", file=sys.stderr)
        if isinstance(problem, SystemExit):
            print(f"pipec: step `{self.invocation.step}` called sys.exit({problem.code!r})", file=sys.stderr)
        try:
            self._record("failed", {"status": status, **described})
        except OSError as error:
            print(f"pipec: the error document cannot be written: {error}", file=sys.stderr)
        return status


def _completed(value: Any) -> Any:
    return asyncio.run(value) if inspect.iscoroutine(value) else value


def _numpy_number(value: object) -> codec.Json:
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return codec.encode(value.item())
    raise codec.NotCanonical(f"a value of type {codec.type_name(type(value))}")


def write(path: str, text: str) -> None:
    """Write a small file at once: a reader finds the old content or the new."""
    target = artifacts.local_path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    handle, staged = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(staged, 0o644)
        os.replace(staged, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(staged)
        raise
