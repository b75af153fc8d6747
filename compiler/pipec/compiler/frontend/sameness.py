"""Whether what two arms of a condition leave is one and the same."""

from __future__ import annotations

import operator
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from pipec.compiler.frontend.values import ABSTRACT, EnumMember, RunTimeKey, Spread, StepResult, Symbolic
from pipec.compiler.ir import types
from pipec.compiler.ir.values import Const, Param
from pipec.compiler.ir.walk import leaves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Json

_NOTHING: dict[str, Json] = {"int": 0, "float": 0.0, "bool": False, "str": "", "list": [], "dict": {}}


def parameters_of(values: Sequence[Symbolic | None]) -> tuple[str, ...]:
    """The parameters that the values are made of; none where something else takes part."""
    found: dict[str, None] = {}
    for one in values:
        for leaf in leaves(one.value) if one is not None else ():
            if isinstance(leaf, Param):
                found[leaf.name] = None
            elif not isinstance(leaf, Const):
                return ()
    return tuple(found)


def identical(views: Sequence[list[Any]]) -> int:
    """How many objects all lists begin with. What two arms have in common was there before them."""
    if len(views) < 2:
        return 0
    return min(sum(1 for _ in takewhile(bool, map(operator.is_, views[0], view))) for view in views[1:])


def is_same(left: Any, right: Any) -> bool:
    """Whether two values are certainly one and the same."""
    if left is right:
        return True
    if isinstance(left, Symbolic) and isinstance(right, Symbolic):
        return left.value == right.value
    if isinstance(left, StepResult) and isinstance(right, StepResult):
        return left.operation == right.operation
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, (*ABSTRACT, list, dict, set)):
        return isinstance(left, EnumMember) and left == right
    return type(left) is type(right) and bool(left == right)


def same_key(left: Any, right: Any) -> bool:
    """Whether two keys of dicts are certainly one; keys that only a run knows are so only as one object."""
    return left is right or (type(left) is type(right) and not isinstance(left, Spread | RunTimeKey) and left == right)


def is_fixed(column: tuple[Any, ...]) -> bool:
    """Whether one position holds one element in every arm: no run-time part, or the same one."""
    return not any(isinstance(one, Spread) for one in column) or all(one is column[0] for one in column)


def nothing(kind: Type) -> Const:
    """A value of the type, for an arm after which nobody reads the result."""
    for member in types.members(kind):
        if member == types.NONE:
            return Const(None, types.NONE)
    name = types.members(kind)[0].name
    return Const(_NOTHING.get(name), kind)
