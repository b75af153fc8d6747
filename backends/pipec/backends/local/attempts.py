"""Attempts: the invocation document of each, where it lies in the store, and what came of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.local.graph import Element, Stored
from pipec.backends.local.recipes import Slots, leaf, slot
from pipec.backends.local.server import FULL
from pipec.backends.local.workers import Job
from pipec.compiler.invocation import static_invocation
from pipec.compiler.ir.values import Const
from pipec.compiler.record import dataclass, field
from pipec.runtime.store import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.local.graph import Node
    from pipec.backends.local.workers import Ended
    from pipec.compiler.ir.model import Call, Pipeline, StepDef
    from pipec.compiler.ir.values import Json
    from pipec.runtime.store import Store

GATE = "pipec.runtime.gates"
_LITTLE = 65536
"""Bytes that are no space to speak of."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What is to be run for a node, whatever the attempt.

    Attributes:
        spec: the static half of the document.
        slots: values known only now.
        carried: outputs that come back as text.
    """

    spec: Mapping[str, Any]
    slots: Mapping[str, Mapping[str, str]]
    carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended.

    Attributes:
        message: why it failed, in a line; None where it succeeded, or found its result in the cache.
        error: the error document, where the step wrote one.
        record: the record, where it succeeded.
    """

    message: str | None = None
    outputs: Mapping[str, Stored] = field(default_factory=dict[str, Stored])
    error: Mapping[str, Any] = field(default_factory=dict[str, Any])
    record: Mapping[str, Any] = field(default_factory=dict[str, Any])


def invocation_of(call: Call, step: StepDef, node: Node, parameters: Mapping[str, str]) -> Invocation:
    """The invocation of a call whose arguments are all there."""
    values: dict[str, Json] = {}
    compose: dict[str, Any] = {}
    slots = Slots(parameters, call.arguments)
    direct: dict[str, dict[str, str]] = {}
    for name, value in call.arguments.items():
        if isinstance(value, Const):
            values[name] = value.value
            continue
        stored = leaf(value, node.scope, parameters)
        if stored is not None:
            direct[name] = slot(stored)
        else:
            compose[name] = slots.recipe(value, node.scope, name)
    static = static_invocation(call, step, is_cached=True).spec
    spec: dict[str, Any] = {name: entry for name, entry in static.items() if name not in ("values", "compose")}
    if values:
        spec["values"] = values
    if compose:
        spec["compose"] = compose
    carried = tuple(output.name for output in step.outputs if output.carrier == "parameter")
    return Invocation(spec, {**direct, **slots.content}, carried)


def condition_gate(element: Element, parameters: Mapping[str, str]) -> Invocation:
    """What computes a condition in a process of its own: output `output` is 1 where it holds, else 0."""
    slots = Slots(parameters, {"arm": None})
    recipe = slots.recipe(element.value, element.scope, "condition")
    compose = {"arm": {"expr": ["if", recipe, {"const": 1}, {"const": 0}]}}
    spec = {"function": f"{GATE}:arm", "compose": compose, "outputs": {"output": {"carrier": "parameter"}}}
    return Invocation(spec, slots.content, ("output",))


def items_gate(element: Element, parameters: Mapping[str, str]) -> Invocation:
    """What computes a loop's items in a process of its own: artifact `items`, and how many as `count`."""
    slots = Slots(parameters, {"items": None})
    compose = {"items": slots.recipe(element.value, element.scope, "value")}
    outputs = {"items": {"carrier": "artifact"}, "indices": {"carrier": "artifact"}, "count": {"carrier": "parameter"}}
    spec = {"function": f"{GATE}:loop", "compose": compose, "outputs": outputs, "returns_tuple": True}
    return Invocation(spec, slots.content, ("count",))


def value_gate(element: Element, parameters: Mapping[str, str]) -> Invocation:
    """What computes a value in a process of its own, as artifact `output`."""
    slots = Slots(parameters, {"value": None})
    compose = {"value": slots.recipe(element.value, element.scope, "part")}
    spec = {"function": f"{GATE}:value", "compose": compose, "outputs": {"output": {"carrier": "artifact"}}}
    return Invocation(spec, slots.content)


class Attempts:
    """Where the attempts of one run lie, and their documents.

    Args:
        store: where outputs go.
        local: the local folder for documents and logs; that of the store where it is one.
        pipeline: the program.
        run: the run's identity.
        name: the run's name.
        start_time: the run's start.
    """

    def __init__(
        self, store: Store, local: Path, pipeline: Pipeline, run: str, name: str, start_time: dt.datetime
    ) -> None:
        self.store, self.local, self.pipeline = store, local, pipeline
        self.run, self.name, self.start_time = run, name, start_time

    def folder(self, instance: str, number: int) -> Path:
        """The local folder of an attempt."""
        return self.local / layout.attempt_folder(self.pipeline.name, self.run, instance, number)

    def notes(self, instance: str, number: int) -> Path:
        """Beside it, what belongs to no output: the log, the invocation, results as text."""
        folder = self.folder(instance, number)
        return folder.with_name(f"{number}.notes")

    def log(self, instance: str, number: int) -> Path:
        """What the attempt printed."""
        return self.notes(instance, number) / "log.txt"

    def prepare(self, node: Node, number: int, invocation: Invocation, facts: Mapping[str, Any]) -> tuple[Path, Path]:
        """Write the document of an attempt.

        Returns:
            Its path, and that of the log.
        """
        notes = self.notes(node.instance, number)
        document = self.document(node, number, invocation, facts)
        for each in (notes.parent, notes):
            with contextlib.suppress(FileExistsError):
                os.mkdir(each)
        path = notes / "invocation.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path, notes / "log.txt"

    def document(self, node: Node, number: int, invocation: Invocation, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The document of an attempt; `facts` are its further entries."""
        instance = node.instance
        folder, notes = self.folder(instance, number), self.notes(instance, number)
        results: dict[str, dict[str, str]] = {}
        for name in invocation.spec["outputs"]:
            place = self.store.output(self.pipeline.name, self.run, instance, number, name)
            is_carried = name in invocation.carried
            results[name] = {"parameter": str(notes / f"{layout.file_name(name)}.json")} if is_carried else {}
            if not is_carried or "registered" in invocation.spec["outputs"][name]:
                results[name]["artifact"] = place
        return {
            **{"version": 1, "pipeline": self.pipeline.name, "step": node.operation.id, "run": self.run},
            **{"attempt": number, "spec": invocation.spec, "slots": invocation.slots, "results": results},
            **{"error": str(folder / layout.ERROR), "record": str(folder / layout.RECORD)},
            **{"run_name": self.name, "start_time": self.start_time.isoformat()},
            **{"instance": instance, "artifact_root": self.store.root},
            **facts,
        }

    def outcome(self, node: Node, number: int, invocation: Invocation, ended: Ended | None) -> Outcome:
        """What came of an attempt; `ended` is None where nobody saw its end (the scheduler was killed)."""
        folder = self.folder(node.instance, number)
        error = _read(folder / layout.ERROR)
        if ended is not None and ended.is_lost:
            return Outcome("the process that it was forked from died", error=error)
        if ended is not None and ended.signal:
            return Outcome(_signalled(ended.signal), error=error)
        if ended is not None and ended.status:
            return Outcome(self._failed(error, ended.status), error=error)
        record = _read(folder / layout.RECORD)
        if record.get("state") not in ("succeeded", "cached"):
            return Outcome(self._failed(error, 0), error=error)
        return self._succeeded(node, number, invocation, record)

    def _failed(self, error: Mapping[str, Any], status: int) -> str:
        if error:
            kind = str(error.get("type", "")).rpartition(".")[2]
            message = str(error.get("message", ""))
            own = {"InputFault", "OutputFault", "InvalidInvocation"}
            return message if kind in own else f"{kind}: {message}" if message else kind
        # A step that finds no room for its result finds none for its error document either.
        if status == FULL or shutil.disk_usage(self.local).free < _LITTLE:
            return f"no space left in {self.local} for what it gives"
        return f"its process ended with status {status} and without a word"

    def _succeeded(self, node: Node, number: int, invocation: Invocation, record: Mapping[str, Any]) -> Outcome:
        notes = self.notes(node.instance, number)
        outputs: dict[str, Stored] = {}
        for name in invocation.spec["outputs"]:
            if name in invocation.carried:
                text = (notes / f"{layout.file_name(name)}.json").read_text(encoding="ascii")
                outputs[name] = Stored(json=text)
            else:
                about = record["outputs"][name]
                outputs[name] = Stored(
                    None,
                    self.store.absolute(about["place"]),
                    about["digest"],
                    about["type"],
                    about["materializer"],
                    about["size"],
                )
        return Outcome(None, outputs, record=record)


def job_of(node: Node, number: int, invocation: Invocation, paths: tuple[Path, Path], **place: Any) -> Job:
    """The job of an attempt."""
    function = str(invocation.spec["function"])
    module = function.partition(":")[0]
    return Job(f"{node.instance}#{number}", module, function, str(paths[0]), str(paths[1]), **place)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _signalled(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    about = " (out of memory?)" if name == "SIGKILL" and os.name == "posix" else ""
    return f"its process was killed by {name}{about}"
