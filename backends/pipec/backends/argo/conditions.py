"""Conditions that Argo computes as Python would, in its expression language; all others go through a gate.

    %score.output > 0.9         float(inputs.parameters['score-output']) > 0.9
    not $debug                  !fromJSON(inputs.parameters['debug'])
    $mode == "fast"             fromJSON(inputs.parameters['mode']) == 'fast'
    $limit is None              inputs.parameters['limit'] == 'null'
    len($names) > 1             len(fromJSON(inputs.parameters['names'])) > 1

What both languages agree about decides: floats are the same machine numbers (`NaN` and the infinities are words that
Go reads, see `text.number`); an integer of any size is rightly compared with a constant that a float holds exactly, but
not with another integer; text is compared with plain words only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipec.compiler.ir.values import Const, Expr, Output, Param
from pipec.compiler.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Json, Value

    IsCarried = Callable[[Output], bool]
    Name = Callable[[Param | Output], str]

_EXACT = 1 << 53
_WORD = pattern(r"[A-Za-z0-9_./:+ -]*")
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_JOINED = {"and": " && ", "or": " || "}


def is_native(value: Value, is_carried: IsCarried) -> bool:
    """Whether Argo's expression for the condition means what Python means.

    Args:
        value: the condition.
        is_carried: whether an output travels as a parameter, alone or beside its artifact.
    """
    match value:
        case Expr(op="not" | "bool" | "and" | "or", operands=operands):
            return all(is_native(operand, is_carried) for operand in operands)
        case Expr(op="is" | "is_not", operands=(left, Const(value=None))):
            return _is_leaf(left, is_carried)
        case Expr(op="in" | "not_in", operands=(left, Const(value=choices))):
            listed = _listed(choices)
            return listed is not None and _kind(left, is_carried) == "str" and all(map(_is_word, listed))
        case Expr(op=op, operands=(left, right)) if op in _COMPARISONS:
            return _is_comparison(op, left, right, is_carried)
        case _:
            return _is_leaf(value, is_carried) and _kind(value, is_carried) is not None


def is_countable(value: Value, is_carried: IsCarried) -> bool:
    """Whether Argo can tell how many items the list has."""
    return _kind(value, is_carried) == "list"


def _is_leaf(value: Value, is_carried: IsCarried) -> bool:
    return isinstance(value, Param) or (isinstance(value, Output) and is_carried(value))


def _kind(value: Value, is_carried: IsCarried) -> str | None:
    """What a leaf that Argo can read holds: `bool`, `int`, `float`, `str`, `list`, `len` of a list; None for the rest."""
    if isinstance(value, Expr) and value.op == "len" and _kind(value.operands[0], is_carried) == "list":
        return "len"
    return _kind_of(value.type) if _is_leaf(value, is_carried) else None


def _kind_of(type_: Type) -> str | None:
    if type_.name == "literal":
        kinds = {type(choice).__name__ for choice in type_.choices}
        name = kinds.pop() if len(kinds) == 1 else ""
        return name if name in {"str", "int"} else None
    return type_.name if type_.name in {"bool", "int", "float", "str", "list"} else None


def _is_comparison(op: str, left: Value, right: Value, is_carried: IsCarried) -> bool:
    if isinstance(left, Const):
        left, right = right, left
    kind = _kind(left, is_carried)
    if not isinstance(right, Const):
        return kind == _kind(right, is_carried) == "float"
    if kind in {"int", "float", "len"}:
        return _is_exact(right.value)
    is_equality = op in {"==", "!="}
    return is_equality and (
        (kind == "str" and _is_word(right.value)) or (kind == "bool" and isinstance(right.value, bool))
    )


def _is_exact(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return abs(value) < _EXACT if isinstance(value, int) else isinstance(value, float) and math.isfinite(value)


def _listed(value: Json) -> Sequence[Json] | None:
    """The elements of a constant list, tuple or set."""
    match value:
        case list() | tuple():
            return value
        case {"$pipec": ["tuple" | "set" | "frozenset", [*items]]}:
            return items
        case _:
            return None


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def expression(value: Value, name: Name) -> str:
    """The text of a native condition, its value a truth value.

    Args:
        value: what `is_native` accepts.
        name: the input parameter of the template that carries a leaf.
    """
    match value:
        case Expr(op="bool", operands=(operand,)):
            return expression(operand, name)
        case Expr(op="not", operands=(operand,)):
            return negated(expression(operand, name))
        case Expr(op="and" | "or" as op, operands=operands):
            return _JOINED[op].join(_enclosed(expression(operand, name)) for operand in operands)
        case Expr(op="is" | "is_not" as op, operands=(operand, _)):
            return f"{_input(operand, name)} {'==' if op == 'is' else '!='} 'null'"
        case Expr(op="in" | "not_in" as op, operands=(operand, Const(value=choices))):
            listed = ", ".join(f"'{choice}'" for choice in _listed(choices) or ())
            found = f"{_operand(operand, name)} in [{listed}]"
            return found if op == "in" else negated(found)
        case Expr(op=op, operands=(left, right)) if op in _COMPARISONS:
            return f"{_operand(left, name)} {op} {_operand(right, name)}"
        case _:
            return _truth(value, name)


def _truth(leaf: Value, name: Name) -> str:
    match _kind_of(leaf.type):
        case "bool":
            return _operand(leaf, name)
        case "str":
            return f"{_operand(leaf, name)} != ''"
        case "list":
            return f"len(fromJSON({_input(leaf, name)})) > 0"
        case _:
            return f"{_operand(leaf, name)} != 0"


def _operand(value: Value, name: Name) -> str:
    match value:
        case Const(value=bool() as constant):
            return "true" if constant else "false"
        case Const(value=str() as constant):
            return f"'{constant}'"
        case Const(value=constant):
            return repr(constant)
        case Expr(operands=(operand,)):
            return count(operand, name)
        case _:
            function = "float" if _kind_of(value.type) in {"int", "float"} else "fromJSON"
            return f"{function}({_input(value, name)})"


def count(items: Value, name: Name) -> str:
    """The text that counts the items of a list."""
    return f"len(fromJSON({_input(items, name)}))"


def _input(leaf: Value, name: Name) -> str:
    assert isinstance(leaf, Param | Output), "a leaf"
    return f"inputs.parameters['{name(leaf)}']"


def negated(text: str) -> str:
    """The opposite of a condition, written as shortly as can be without a change of its meaning for NaN."""
    is_call = text.startswith("fromJSON(") and text.endswith(")") and " " not in text
    return f"!{text}" if is_call else f"!({text})"


def _enclosed(text: str) -> str:
    return f"({text})" if " && " in text or " || " in text else text


def of_arms(conditions: Sequence[Value | None], name: Name, is_gate: Callable[[str], bool]) -> list[str]:
    """For each arm of an `If`, the condition under which it runs and none before it.

    Args:
        conditions: one for each arm, None for `else`.
        name: see `expression`.
        is_gate: whether an operation is a call of the step that picks an arm.
    """
    if (picked := _picked(conditions, is_gate)) is not None:
        # The gate names the arm: no order, no comparison of numbers.
        return [f"{_input(picked, name)} == '{index}'" for index in range(len(conditions))]
    texts: list[str] = []
    before: list[str] = []
    for condition in conditions:
        own = "" if condition is None else expression(condition, name)
        texts.append(" && ".join([*before, *([_enclosed(own)] if own and before else [own] if own else [])]) or "true")
        if own:
            before.append(negated(own))
    return texts


def _picked(conditions: Sequence[Value | None], is_gate: Callable[[str], bool]) -> Output | None:
    """The gate whose number each condition compares with its place; None where the conditions are not a gate's."""
    found: Output | None = None
    for index, condition in enumerate(conditions):
        match condition:
            case Expr(op="==", operands=(Output(operation=id_) as gate, Const(value=number))) if number == index:
                if not is_gate(id_):
                    return None
                found = gate
            case None if index == len(conditions) - 1:
                pass
            case _:
                return None
    return found
