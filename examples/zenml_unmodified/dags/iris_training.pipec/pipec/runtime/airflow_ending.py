"""How a run on Airflow has gone: which tasks failed, what hooks of the run are told, the run's record.

`airflow.py` reads this file in Airflow's process: the standard library, nothing of pipec. Only `finish` runs in a child.
"""

from __future__ import annotations

import json
import pathlib
import runpy
import sys
import types
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipec.runtime import airflow_inputs
else:
    airflow_inputs = types.SimpleNamespace(**runpy.run_path(str(pathlib.Path(__file__).with_name("airflow_inputs.py"))))

_STATES = {
    "success": "succeeded",
    "failed": "failed",
    "skipped": "skipped",
    "upstream_failed": "upstream_failed",
}
"""Airflow's words for how a task has ended, and those of the run's record; all else is `not_run`."""

_BEFORE = ("on_init", "on_start")


def states(context: Mapping[str, Any]) -> dict[tuple[str, int], str]:
    """The state of each task of the run that is not one of those that come after all others; -1 if it is not mapped."""
    tasks = {id_: task for id_, task in context["dag"].task_dict.items() if not task.is_teardown}
    found: dict[tuple[str, int], str] = {}
    if not hasattr(context["ti"], "get_task_states"):
        # Airflow 2.
        for each in context["dag_run"].get_task_instances():
            if each.task_id in tasks:
                found[each.task_id, each.map_index] = str(getattr(each.state, "value", each.state))
        return _in_order(found, tasks)
    for batch in _batches(tasks):
        told = context["ti"].get_task_states(
            dag_id=context["ti"].dag_id, run_ids=[context["run_id"]], task_ids=sorted(batch)
        )
        for key, state in told.get(context["run_id"], {}).items():
            name, _, number = key.rpartition("_")
            place = (key, -1) if key in batch else (name, int(number))
            found[place] = str(getattr(state, "value", state))
    return _in_order(found, tasks)


def _in_order(found: Mapping[tuple[str, int], str], tasks: Iterable[str]) -> dict[tuple[str, int], str]:
    order = {id_: place for place, id_ in enumerate(tasks)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0][0], 0), item[0][1])))


def _batches(tasks: Iterable[str]) -> list[set[str]]:
    """Ids that can be asked for together: Airflow calls the mapped task `a` with the index 2 `a_2`, like another task."""
    batches: list[set[str]] = []
    for id_ in tasks:
        base, _, number = id_.rpartition("_")
        clashing = {base} if number.isdecimal() else set[str]()
        for batch in batches:
            others = {each for each in batch if each.rpartition("_")[0] == id_ and each.rpartition("_")[2].isdecimal()}
            if not (clashing & batch or others):
                batch.add(id_)
                break
        else:
            batches.append({id_})
    return batches


def has_failed(context: Mapping[str, Any]) -> bool:
    """Whether a task of the run has failed so far."""
    return any(state in ("failed", "upstream_failed") for state in states(context).values())


def is_due(hook: str, context: Mapping[str, Any]) -> bool:
    """Whether a hook of the run is for a run that has gone like this one."""
    if hook == "on_success":
        return not has_failed(context)
    return hook != "on_failure" or has_failed(context)


def state_of(settings: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """The entry `state` of an invocation: what `on_init` returned."""
    if "state" not in settings:
        return {}
    source = {"task": settings["state"], "key": "state"}
    slots = airflow_inputs.Sources({"state": source}, context, {}).slots
    return {"state": slots["state"]} if "state" in slots else {}


def failures_of(spec: Mapping[str, Any], context: Mapping[str, Any]) -> dict[str, Any]:
    """The entry `failures` of an invocation: where the error documents of the steps lie, for a hook that comes after."""
    if spec.get("hook", {}).get("name", "on_init") in _BEFORE:
        return {}
    failed = [place for place, state in states(context).items() if state == "failed"]
    places = [
        context["ti"].xcom_pull(task_ids=task, key="error", map_indexes=None if index < 0 else index)
        for task, index in failed
    ]
    return {"failures": [place for place in places if place]}


def facts(
    about: Mapping[str, Any],
    spec: Mapping[str, Any],
    inputs: Mapping[str, Any],
    params: Mapping[str, Any],
    context: Mapping[str, Any],
) -> dict[str, Any]:
    """What the record of the run says, its outputs as they are to be computed."""
    found = states(context)
    operations: dict[str, str] = {}
    for (task, index), state in found.items():
        known = about["tasks"].get(task, {})
        if "operation" in known:
            at = _at(known, index, context)
            operations[known["operation"] + at] = _STATES.get(state, "not_run")
    is_bad = any(state in ("failed", "upstream_failed") for state in found.values())
    given = airflow_inputs.given_by(params, context["params"])
    sources = airflow_inputs.Sources(inputs, context, given, airflow_inputs.shown)
    compose: dict[str, Any] = {}
    for name, recipe in spec.get("compose", {}).items():
        if is_bad and '["each"' in json.dumps(recipe):
            # A loop that has not come to its end has no result.
            continue
        try:
            compose |= sources.expanded({"compose": {name: recipe}})["compose"]
        except RuntimeError as problem:
            print(f"pipec: the output `{name}` is not there: {problem}")
    sources.expanded({})
    return {
        "state": "failed" if is_bad else "succeeded",
        "operations": operations,
        "parameters": {name: context["params"][name] for name in about.get("parameters", ())},
        "outputs": spec["returned"],
        "values": spec.get("values", {}),
        "compose": compose,
        "slots": sources.slots,
    }


def _at(known: Mapping[str, Any], index: int, context: Mapping[str, Any]) -> str:
    """The index of an iteration as instances have it."""
    if index < 0:
        return ""
    if "indices" not in known:
        return f"@{index}"
    listed = context["ti"].xcom_pull(task_ids=known["indices"], map_indexes=None) or []
    return f"@{'.'.join(str(listed[index][name]) for name in known['names'])}" if index < len(listed) else f"@{index}"


def finish(document: Mapping[str, Any]) -> int:
    """Write the record of the run; the status."""
    from pipec.runtime import codec, invocation
    from pipec.runtime.artifacts import Workspace
    from pipec.runtime.expressions import Composer
    from pipec.runtime.inputs import Inputs
    from pipec.runtime.lookups import Lookups
    from pipec.runtime.store import Run, Store

    told = document["finish"]
    spec = {"function": "pipec.runtime.gates:arm", "values": told["values"], "compose": told["compose"]}
    about = invocation.read(
        {**{key: value for key, value in document.items() if key != "finish"}, "spec": spec, "slots": told["slots"]}
    )
    workspace = Workspace()
    lookups = Lookups(about, workspace)
    inputs = Inputs(about, workspace, lookups)
    composer = Composer(about, inputs.slot, None, lookups)
    store = Store(document["artifact_root"])
    outputs: dict[str, Any] = {}
    try:
        for name in told["outputs"]:
            slot = about.slots.get(name)
            try:
                if slot is not None and slot.artifact is not None:
                    outputs[name] = {"artifact": store.relative(slot.artifact), "digest": slot.digest}
                elif name in spec["values"]:
                    outputs[name] = spec["values"][name]
                elif slot is not None:
                    outputs[name] = codec.encode(inputs.slot(name))
                elif name in spec["compose"]:
                    outputs[name] = codec.encode(composer.evaluate(spec["compose"][name]))
            except Exception as problem:
                print(
                    f"pipec: the output `{name}` is not recorded: {type(problem).__name__}: {problem}", file=sys.stderr
                )
        started = document.get("start_time")
        store.runs.begin(Run(about.pipeline, about.run, started=started))
        store.runs.finish(
            about.pipeline,
            about.run,
            told["state"],
            outputs=outputs,
            operations=told["operations"],
            parameters=told["parameters"],
            facts={"target": "airflow"},
        )
    finally:
        workspace.close()
    return 0
