"""What tasks hand one another: references to what a step has stored, and how a step finds what only a run knows.

`airflow.py` reads this file in Airflow's process: the standard library, nothing of pipec.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import pathlib
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Index = tuple[int, ...]
"""Which iteration of the loops around a task: the index in each, outer loop first."""


def flatten(names: Sequence[str], counts: Any) -> list[dict[str, int]]:
    """The indices of a loop in a loop, by name: for each iteration of the outer loops as many as its gate counted."""
    table = table_of(counts)
    return [dict(zip(names, (*at, each), strict=True)) for at in sorted(table) for each in range(value_of(table[at]))]


class Sources:
    """Where the slots of a step find their values, and how what only a run knows is put in their place.

    A source is the text that a task returned, None if it was skipped; an index of a loop; `{"all": texts, "at": index}`,
    what the tasks of a loop returned, of which those of the iteration `at` of the loops around the reader count; or
    `{"task": id, "key": key}`, an XCom that may not be there.

    Attributes:
        slots: for the invocation; filled by `expanded`, too.
    """

    def __init__(
        self,
        inputs: Mapping[str, Any],
        context: Mapping[str, Any],
        slots: Mapping[str, dict[str, str]],
        read: Callable[[str], dict[str, str]] | None = None,
    ) -> None:
        self.slots, self._slot = dict(slots), read or _slot
        self._texts: dict[str, str] = {}
        self._tables: dict[str, tuple[dict[Index, str], Index]] = {}
        for name, source in inputs.items():
            if isinstance(source, Mapping) and "all" in source:
                self._tables[name] = table_of(source["all"]), tuple(source.get("at", ()))
                continue
            found = _pulled(context, source) if isinstance(source, Mapping) else source
            if found is not None:
                self._texts[name] = found if isinstance(found, str) else json.dumps(found)
                self.slots[name] = self._slot(self._texts[name])

    def skip_unless(self, arm: int) -> None:
        """Skip the task unless the source `gate` is the number of the arm; a gate that was skipped has none."""
        text = self._text("gate", ())
        if text is None or value_of(text) != arm:
            raise skipping("another arm of the condition runs")

    def expanded(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The spec with recipes that the step's process knows."""
        compose: dict[str, Any] = {}
        for name, recipe in spec.get("compose", {}).items():
            expanded = self._expand(recipe, ())
            if set(expanded) == {"slot"} and expanded["slot"] in self.slots:
                # An argument that is one value is read by its annotation.
                self.slots[name] = self.slots[expanded["slot"]]
            else:
                compose[name] = expanded
        for name in self._tables:
            if name not in spec.get("compose", {}) and (slot := self._at(name, ())) is not None:
                self.slots[name] = self.slots[slot]
        return {**{key: value for key, value in spec.items() if key != "compose"}, "compose": compose}

    def _text(self, name: str, dims: Index) -> str | None:
        if name not in self._tables:
            return self._texts.get(name)
        table, prefix = self._tables[name]
        # What is made outside of the innermost loops is the same for all their iterations.
        depth = len(next(iter(table), ()))
        return table.get((*prefix, *dims)[:depth])

    def _at(self, name: str, dims: Index) -> str | None:
        """The slot that has the value of a source in an iteration."""
        if name not in self._tables:
            return name
        text = self._text(name, dims)
        if text is None:
            return None
        slot = f"{name}@{'.'.join(map(str, dims))}"
        self.slots[slot] = self._slot(text)
        return slot

    def _expand(self, recipe: Any, dims: Index) -> Any:
        ((kind, content),) = recipe.items()
        if kind == "slot":
            return {"slot": self._at(content, dims) or content}
        if kind in {"list", "tuple"}:
            return {kind: [self._expand(each, dims) for each in content]}
        if kind == "dict":
            return {kind: [[key, self._expand(each, dims)] for key, each in content]}
        if kind == "item":
            return {kind: [self._expand(content[0], dims), content[1]]}
        if kind != "expr":
            return recipe
        op, *operands = content
        if op == "position":
            return {"const": dims[operands[0]["const"]]}
        if op == "pick":
            return self._expand(operands[1 + self._number(operands[0], dims)], dims)
        if op == "first":
            return self._first([self._expand(each, dims) for each in operands])
        if op == "each":
            return {"list": [self._expand(operands[0], at) for at in self._iterations(operands, dims)]}
        return {kind: [op, *(self._expand(each, dims) for each in operands)]}

    def _first(self, conditions: Sequence[Any]) -> Any:
        recipe: Any = {"const": len(conditions)}
        for number in reversed(range(len(conditions))):
            recipe = {"expr": ["if", conditions[number], {"const": number}, recipe]}
        return recipe

    def _number(self, gate: Any, dims: Index) -> int:
        text = self._text(gate["slot"], dims)
        if text is None:
            raise RuntimeError(f"the gate `{gate['slot']}` of a condition has no result")
        return int(value_of(text))

    def _iterations(self, operands: Sequence[Any], dims: Index) -> Iterator[Index]:
        """The indices of one loop. Without a count every iteration has made the value, which is a slot."""
        if len(operands) == 1:
            table, prefix = self._tables[operands[0]["slot"]]
            before = (*prefix, *dims)
            yield from ((*dims, at[len(before)]) for at in sorted(table) if at[: len(before)] == before)
            return
        count = operands[1]
        text = None if "const" in count else self._text(count["slot"], dims)
        value = count["const"] if "const" in count else [] if text is None else value_of(text)
        yield from ((*dims, each) for each in range(value if isinstance(value, int) else len(value)))


def skipping(why: str) -> Exception:
    """What makes Airflow skip a task."""
    # Since Airflow 3.2 it is in the first of them, and the second one warns.
    for module in ("airflow.sdk.exceptions", "airflow.exceptions"):
        with contextlib.suppress(ImportError, AttributeError):
            made: Exception = importlib.import_module(module).AirflowSkipException(why)
            return made
    raise ImportError("this Airflow has no AirflowSkipException")


def _pulled(context: Mapping[str, Any], source: Mapping[str, str]) -> Any:
    return context["ti"].xcom_pull(task_ids=source["task"], key=source["key"], map_indexes=None)


def table_of(texts: Any) -> dict[Index, str]:
    """What the tasks of a loop returned, by index. Airflow gives one text for one task, and none for no task."""
    found = [] if texts is None else [texts] if isinstance(texts, str) else texts[:]
    return {tuple(json.loads(text)["index"]): text for text in found if text is not None}


def value_of(text: str) -> Any:
    """What a gate returned: a number, or the indices of a loop."""
    value = json.loads(text)
    return json.loads(value["value"]) if isinstance(value, dict) else value


def _slot(text: str) -> dict[str, str]:
    made = json.loads(text)
    if isinstance(made, dict) and "artifact" in made:
        return {key: made[key] for key in ("artifact", "digest")}
    if isinstance(made, dict) and "index" in made:
        return {"json": made["value"]}
    return {"json": text}


def shown(text: str) -> dict[str, str]:
    """The slot for somebody who reads values, not files, where there is a choice."""
    made = json.loads(text)
    return {"json": made["value"]} if isinstance(made, dict) and "value" in made else _slot(text)


def given_by(params: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The slots that run parameters fill."""
    slots: dict[str, dict[str, str]] = {}
    for slot, source in params.items():
        name, reading = (source, None) if isinstance(source, str) else source
        slots[slot] = {"json": json.dumps(_read(given[name], reading))}
    return slots


def _read(value: Any, reading: str | None) -> Any:
    if value is None or reading is None:
        return value
    # JSON Schema takes 2.0 for an integer and 2 for a number.
    if reading == "int":
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if reading == "float":
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return {"$pipec": [reading, value]}


def reference(
    folder: pathlib.Path, stored: Mapping[str, Any], name: str, output: Mapping[str, Any], index: Index | None
) -> str:
    """The text by which other tasks find an output."""
    file = folder / file_of(name)
    made: dict[str, Any] = {} if index is None else {"index": list(index)}
    if output["carrier"] == "parameter":
        value = file.read_text(encoding="utf-8")
        return value if index is None else json.dumps({**made, "value": value})
    about = stored[name]
    made |= {"artifact": about["place"], **{key: about[key] for key in ("digest", "type", "size")}}
    if output.get("mirrored"):
        made["value"] = file.read_text(encoding="utf-8")
    return json.dumps(made)


def made(document: Mapping[str, Any], own: pathlib.Path) -> dict[str, str]:
    """What `launch` returns, once the process has ended that kept small results in `own`."""
    stored = json.loads(pathlib.Path(document["record"]).read_text(encoding="utf-8"))["outputs"]
    outputs, at = document["spec"]["outputs"], index_of(document["instance"])
    return {key_of(name): reference(own, stored, name, outputs[name], at) for name in document["results"]}


def index_of(instance: str) -> Index | None:
    """The indices of an iteration: `(2, 0)` of `train@2.0`, None of `train`."""
    _, sign, at = instance.rpartition("@")
    return tuple(map(int, at.split("."))) if sign else None


def key_of(output: str) -> str:
    """The XCom key of an output: its name, with what cannot stand in the path of Airflow's own API spelled out."""
    return "".join(
        each if each.isascii() and (each.isalnum() or each in "_.-") else f"_u{ord(each):x}_" for each in output
    )


def file_of(output: str) -> str:
    """A file name for an output."""
    return urllib.parse.quote(output, safe="").replace(".", "%2E")
