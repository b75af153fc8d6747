"""Steps as Airflow runs them: the task starts a child on the code root, and hands references to what it stores to others.

`launch` runs in Airflow's process, from this file alone (`runpy`): the standard library, nothing of pipec or Airflow.
`main` is the child, `python -I CODE_ROOT airflow`. It reads the invocation document from the first line of its standard
input and watches the other end: when Airflow's process is gone, even by SIGKILL, the step ends with all its processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

GRACE = 5.0
"""Seconds between the request to end and the end."""


Index = tuple[int, ...]
"""Which iteration of the loops around a task: the index in each, outer loop first."""


def launch(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
    index: Sequence[int] | None = None,
    when: Sequence[Any] | None = None,
) -> dict[str, str]:
    """Run one attempt of a step.

    Args:
        code: the code root.
        spec: the static half of the invocation. An output may be a word: its carrier, `mirrored` for an artifact that
            others also read as a value, or `unused`.
        inputs: for each slot that a task fills, the text that the task returned for the output; see `_Sources`.
        params: for each slot that a run parameter fills, the parameter's name, or that and how to read it:
            `int`, `float`, or a kind of canonical JSON.
        settings: `environment`, `secrets`, `extra` and `python` of the step.
        context: Airflow's context of the task.
        index: in a loop, the index of the iteration in each loop around the step.
        when: in a loop, what the gate of the condition around the step returned, and the arm that the step is in.

    Returns:
        For each output the text by which another task finds it: `{"artifact": place, "digest": …, …}`, with `value`
        where it is JSON that others may read, or the value of a small result as canonical JSON; in a loop always an
        object, with the `index`.

    Raises:
        RuntimeError: the step failed; the log says why.
        AirflowSkipException: it is in an arm that does not run.
    """
    settings = settings or {}
    at = None if index is None else tuple(index)
    sources = _Sources(inputs, context, _given(params or {}, context["params"]))
    if when is not None:
        _Sources({"gate": when[0]}, context, {}).skip_unless(when[1])
    outputs = {name: _output(output) for name, output in spec.get("outputs", {}).items()}
    place = _place(context, at)
    with tempfile.TemporaryDirectory(prefix="pipec-") as folder:
        own = pathlib.Path(folder)
        # Documents are read where they lie; a store behind a URL has only the artifacts.
        kept = own if "://" in place else pathlib.Path(place)
        expanded = sources.expanded({**spec, "outputs": outputs})
        document = {
            **_about(context),
            "spec": expanded,
            "slots": sources.slots,
            "results": {
                name: _result(place, own, name, output)
                for name, output in outputs.items()
                if spec["outputs"][name] != "unused"
            },
            "error": str(kept / "error.json"),
            "record": str(kept / "record.json"),
            "extra": settings.get("extra", {}),
        }
        python = settings.get("python") or sys.executable
        status = _run([python, "-I", str(code), "airflow"], document, _environment(settings, context))
        if status != 0:
            raise RuntimeError(_reason(kept / "error.json", context["ti"].task_id, status))
        stored = json.loads((kept / "record.json").read_text(encoding="utf-8"))["outputs"]
        return {_key(name): _reference(own, stored, name, outputs[name], at) for name in document["results"]}


def choose(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    arms: Sequence[Sequence[str]],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
) -> list[str]:
    """Run the gate of a condition: the ids of the tasks with which the arm that runs begins.

    The number of the arm is left as the XCom `arm`: Airflow keeps what a branch returns only if it skips nothing.
    """
    (text,) = launch(code, spec, inputs, params, settings, context).values()
    context["ti"].xcom_push(key="arm", value=text)
    return list(arms[int(text)])


def indices(
    code: pathlib.Path,
    spec: Mapping[str, Any],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    context: Mapping[str, Any],
) -> list[int]:
    """Run the gate of a loop: the indices over which it runs. What else it makes is left as XComs."""
    made = launch(code, spec, inputs, params, settings, context)
    count = int(made.pop("count"))
    for key, text in made.items():
        context["ti"].xcom_push(key=key, value=text)
    return list(range(count))


def flatten(names: Sequence[str], counts: Any) -> list[dict[str, int]]:
    """The indices of a loop in a loop, by name: for each iteration of the outer loops as many as its gate counted."""
    table = _table(counts)
    return [dict(zip(names, (*at, each), strict=True)) for at in sorted(table) for each in range(_value(table[at]))]


def _key(output: str) -> str:
    """The XCom key of an output: its name, with what cannot stand in the path of Airflow's own API spelled out."""
    return "".join(
        each if each.isascii() and (each.isalnum() or each in "_.-") else f"_u{ord(each):x}_" for each in output
    )


def _output(described: Any) -> dict[str, Any]:
    if not isinstance(described, str):
        return dict(described)
    if described == "unused":
        return {"carrier": "artifact"}
    return {"carrier": "artifact", "mirrored": True} if described == "mirrored" else {"carrier": described}


def _about(context: Mapping[str, Any]) -> dict[str, Any]:
    task, run = context["ti"], context["dag_run"]
    started = run.start_date
    return {
        "version": 1,
        "pipeline": task.dag_id,
        "step": task.task_id,
        "run": context["run_id"],
        "attempt": task.try_number,
        **({"start_time": started.isoformat()} if started is not None else {}),
    }


def _place(context: Mapping[str, Any], index: Index | None) -> str:
    """Where this attempt stores its results: one place for each attempt, so that a retry starts clean."""
    task = context["ti"]
    root = os.environ.get("PIPEC_ARTIFACT_ROOT")
    if not root:
        home = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
        root = os.path.join(home, "pipec")
        print(f"pipec: PIPEC_ARTIFACT_ROOT is not set; artifacts go to {root}, which other machines do not see")
    instance = task.task_id if index is None else f"{task.task_id}@{'.'.join(map(str, index))}"
    parts = [task.dag_id, context["run_id"], instance, str(task.try_number)]
    return "/".join([root.removeprefix("file://").rstrip("/"), "runs", *map(_file, parts)])


def _file(name: str) -> str:
    """A file name that reads like `name`; never `.` or `..`."""
    quoted = urllib.parse.quote(name, safe=" +@=:")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")


class _Sources:
    """Where the slots of a step find their values, and how what only a run knows is put in their place.

    A source is the text that a task returned, None if it was skipped; an index of a loop; `{"all": texts, "at": index}`,
    what the tasks of a loop returned, of which those of the iteration `at` of the loops around the reader count; or
    `{"task": id, "key": key}`, an XCom that may not be there.

    Attributes:
        slots: for the invocation; filled by `expanded`, too.
    """

    def __init__(
        self, inputs: Mapping[str, Any], context: Mapping[str, Any], slots: Mapping[str, dict[str, str]]
    ) -> None:
        self.slots = dict(slots)
        self._texts: dict[str, str] = {}
        self._tables: dict[str, tuple[dict[Index, str], Index]] = {}
        for name, source in inputs.items():
            if isinstance(source, Mapping) and "all" in source:
                self._tables[name] = _table(source["all"]), tuple(source.get("at", ()))
                continue
            found = _pulled(context, source) if isinstance(source, Mapping) else source
            if found is not None:
                self._texts[name] = found if isinstance(found, str) else json.dumps(found)
                self.slots[name] = _slot(self._texts[name])

    def skip_unless(self, arm: int) -> None:
        """Skip the task unless the source `gate` is the number of the arm; a gate that was skipped has none."""
        text = self._text("gate", ())
        if text is None or _value(text) != arm:
            try:
                from airflow.sdk.exceptions import AirflowSkipException
            except ImportError:
                from airflow.exceptions import AirflowSkipException
            raise AirflowSkipException("another arm of the condition runs")

    def expanded(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The spec with recipes that the step's process knows."""
        compose: dict[str, Any] = {}
        for name, recipe in spec.get("compose", {}).items():
            expanded = self._expand(recipe, ())
            if set(expanded) == {"slot"}:
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
        self.slots[slot] = _slot(text)
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
        if op == "each":
            return {"list": [self._expand(operands[0], at) for at in self._iterations(operands, dims)]}
        return {kind: [op, *(self._expand(each, dims) for each in operands)]}

    def _number(self, gate: Any, dims: Index) -> int:
        text = self._text(gate["slot"], dims)
        if text is None:
            raise RuntimeError(f"the gate `{gate['slot']}` of a condition has no result")
        return int(_value(text))

    def _iterations(self, operands: Sequence[Any], dims: Index) -> Iterator[Index]:
        """The indices of one loop. Without a count every iteration has made the value, which is a slot."""
        if len(operands) == 1:
            table, prefix = self._tables[operands[0]["slot"]]
            before = (*prefix, *dims)
            yield from ((*dims, at[len(before)]) for at in sorted(table) if at[: len(before)] == before)
            return
        count = operands[1]
        text = None if "const" in count else self._text(count["slot"], dims)
        value = count["const"] if "const" in count else [] if text is None else _value(text)
        yield from ((*dims, each) for each in range(value if isinstance(value, int) else len(value)))


def _pulled(context: Mapping[str, Any], source: Mapping[str, str]) -> Any:
    return context["ti"].xcom_pull(task_ids=source["task"], key=source["key"], map_indexes=None)


def _table(texts: Any) -> dict[Index, str]:
    """What the tasks of a loop returned, by index. Airflow gives one text for one task, and none for no task."""
    found = [] if texts is None else [texts] if isinstance(texts, str) else texts[:]
    return {tuple(json.loads(text)["index"]): text for text in found if text is not None}


def _value(text: str) -> Any:
    """What a gate returned: a number, or the indices of a loop."""
    value = json.loads(text)
    return json.loads(value["value"]) if isinstance(value, dict) else value


def _slot(text: str) -> dict[str, str]:
    reference = json.loads(text)
    if isinstance(reference, dict) and "artifact" in reference:
        return {key: reference[key] for key in ("artifact", "digest")}
    if isinstance(reference, dict) and "index" in reference:
        return {"json": reference["value"]}
    return {"json": text}


def _given(params: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
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


def _result(place: str, folder: pathlib.Path, name: str, output: Mapping[str, Any]) -> dict[str, str]:
    result: dict[str, str] = {}
    if output["carrier"] == "artifact":
        result["artifact"] = f"{place}/{_file(name)}"
    if output["carrier"] == "parameter" or output.get("mirrored"):
        result["parameter"] = str(folder / _file(name))
    return result


def _reference(
    folder: pathlib.Path, stored: Mapping[str, Any], name: str, output: Mapping[str, Any], index: Index | None
) -> str:
    file = folder / _file(name)
    reference: dict[str, Any] = {} if index is None else {"index": list(index)}
    if output["carrier"] == "parameter":
        value = file.read_text(encoding="utf-8")
        return value if index is None else json.dumps({**reference, "value": value})
    about = stored[name]
    reference |= {"artifact": about["place"], **{key: about[key] for key in ("digest", "type", "size")}}
    if output.get("mirrored"):
        reference["value"] = file.read_text(encoding="utf-8")
    return json.dumps(reference)


def _environment(settings: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, str]:
    """The worker's variables, the keys of the secrets, and the step's own; the later wins.

    Raises:
        RuntimeError: a secret is not an Airflow Variable that holds a JSON object.
    """
    environment = dict(os.environ)
    for name in settings.get("secrets", ()):
        try:
            keys = context["var"]["json"].get(name)
        except Exception as problem:
            raise RuntimeError(f"the secret `{name}` must be an Airflow Variable that holds a JSON object") from problem
        if not isinstance(keys, dict):
            raise RuntimeError(f"the Airflow Variable `{name}` must hold a JSON object")
        environment.update({key: value if isinstance(value, str) else json.dumps(value) for key, value in keys.items()})
    for name, value in settings.get("environment", {}).items():
        found = os.environ.get(value["from"], value.get("default")) if isinstance(value, dict) else value
        if found is not None:
            environment[name] = str(found)
    return environment


def _run(command: Sequence[str], document: Mapping[str, Any], environment: Mapping[str, str]) -> int:
    """The exit status of the child, which is the head of a process group of its own: a time-out ends all of it."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, start_new_session=True)
    assert child.stdin is not None
    try:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(document).encode() + b"\n")
            child.stdin.flush()
        return child.wait()
    finally:
        if child.poll() is None:
            _end(child)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _reason(file: pathlib.Path, step: str, status: int) -> str:
    try:
        error = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        ended = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"the step `{step}` {ended}"
    return f"the step `{step}` failed: {error['type']}: {error['message']}"


def main(arguments: Sequence[str]) -> int:
    """Run the step whose invocation document is the first line of standard input; the status is that of `execute`."""
    from pipec.runtime.execute import execute

    if arguments:
        print("pipec: usage: airflow, with the invocation on standard input", file=sys.stderr)
        return 2
    document = json.loads(_first_line())
    # The user's code finds an empty input; the pipe itself is this module's.
    pipe, empty = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    threading.Thread(target=_watch, args=(pipe,), daemon=True).start()
    return execute(document)


def _first_line() -> bytes:
    line = bytearray()
    while not line.endswith(b"\n") and (part := os.read(0, 1 << 16)):
        line += part
    return bytes(line)


def _watch(pipe: int) -> None:
    """Ends this process and what it has started once nobody holds the other end of the pipe."""
    while os.read(pipe, 1):
        pass
    os.killpg(0, signal.SIGKILL)
