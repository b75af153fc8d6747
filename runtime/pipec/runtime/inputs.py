"""The arguments of a step: loaded from their slots, decoded, put together, held to the function's annotations."""

from __future__ import annotations

import contextlib
from typing import Any

from pipec.runtime import codec, context, fitting
from pipec.runtime.artifacts import Workspace
from pipec.runtime.errors import InputFault, InvalidInvocation, RuntimeFault
from pipec.runtime.expressions import Composer
from pipec.runtime.invocation import Invocation
from pipec.runtime.lookups import Lookups
from pipec.runtime.materializers import registry
from pipec.sdk.artifacts import UnmaterializedArtifact

_COUNT = "pipec.runtime.gates:count"


class Inputs:
    """The inputs of one invocation."""

    def __init__(self, invocation: Invocation, workspace: Workspace, lookups: Lookups) -> None:
        """Nothing is read yet; files of inputs that are paths live as long as `workspace`."""
        self.invocation, self.workspace, self.lookups = invocation, workspace, lookups
        self._loaded: dict[str, Any] = {}

    def slot(self, name: str) -> Any:
        """The value of a slot, read once.

        Raises:
            InvalidInvocation: when there is no such slot.
            InputFault: when it cannot be read.
        """
        if name not in self._loaded:
            self._loaded[name] = self._load(name, fitting.ANY)
        return self._loaded[name]

    def item(self, name: str, key: Any) -> Any:
        """`slot(name)[key]`, without reading the other items of an artifact where they lie apart."""
        slot = self.invocation.slots.get(name)
        if name not in self._loaded and slot is not None and slot.artifact is not None:
            with contextlib.suppress(KeyError):
                return registry.load_item(slot.artifact, key, self.workspace, slot.digest)
        return self.slot(name)[key]

    def arguments(self, shape: fitting.Shape, *first: Any) -> dict[str, Any]:
        """The arguments of a function by name, in the order of its parameters; `first` are given besides.

        Raises:
            InvalidInvocation: when the function cannot be called with them.
            InputFault: when one cannot be read or computed, or does not fit its annotation.
        """
        spec, slots = self.invocation.spec, self.invocation.slots
        order = {name: place for place, name in enumerate(shape.signature.parameters)}
        names = {*spec.values, *spec.compose, *(slot for slot in slots if slot in order)}
        composer = Composer(self.invocation, self.slot, self.item, self.lookups)
        arguments: dict[str, Any] = {}
        for name in sorted(names, key=lambda name: (order.get(name, len(order)), name)):
            expected = shape.hints.get(name, fitting.ANY)
            value = self._argument(name, expected, composer)
            try:
                arguments[name] = fitting.fit(value, expected)
            except fitting.Misfit as misfit:
                raise InputFault(f"{self._where(name)}: {misfit}") from None
        # Large values are the caller's alone from here on.
        self._loaded.clear()
        if not first and shape.needed <= arguments.keys() <= shape.names:
            return arguments
        try:
            shape.signature.bind(*first, **arguments)
        except TypeError as problem:
            raise InvalidInvocation(f"step `{self.invocation.step}` cannot be called: {problem}") from problem
        return arguments

    def _where(self, name: str) -> str:
        return f"step `{self.invocation.step}`, input `{name}`"

    def _load(self, name: str, expected: Any) -> Any:
        slot = self.invocation.slots.get(name)
        if slot is None:
            raise InvalidInvocation(f"an argument needs the slot `{name}`, which the invocation does not have")
        try:
            if slot.artifact is not None:
                return registry.load(slot.artifact, expected, self.workspace, slot.digest)
            return codec.loads(slot.json or "")
        except RuntimeFault as fault:
            raise InputFault(f"{self._where(name)}: {fault}") from fault.__cause__
        except Exception as problem:
            text = f"{type(problem).__name__}: {problem}"
            raise InputFault(f"{self._where(name)} could not be loaded: {text}") from problem

    def _argument(self, name: str, expected: Any, composer: Composer) -> Any:
        spec = self.invocation.spec
        try:
            if name in spec.values:
                return codec.decode(spec.values[name], is_trusted=True)
            if name in spec.compose:
                return composer.evaluate(spec.compose[name])
        except InputFault as fault:
            if str(fault).startswith("step "):
                raise
            raise InputFault(f"{self._where(name)}: {fault}") from fault.__cause__
        except RuntimeFault:
            raise
        except Exception as problem:
            text = f"{type(problem).__name__}: {problem}"
            raise InputFault(f"{self._where(name)} could not be computed: {text}") from problem
        place = self.invocation.slots[name].artifact
        if spec.function == _COUNT and place is not None:
            # The gate of a loop wants to know how many there are, not what.
            with contextlib.suppress(KeyError):
                return range(registry.count_items(place, self.workspace, self.invocation.slots[name].digest))
        wanted = fitting.plain(expected)
        if place is not None and isinstance(wanted, type) and issubclass(wanted, UnmaterializedArtifact):
            return context.artifact(self.invocation, name, self.slot, wanted)
        return self._load(name, expected)
