"""The interpreter itself: expressions against what Argo's own build of expr says, and the rules of DAGs, loops, retries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipec.backends.argo_interpreter import Broken, Missing, Refused, Run, expressions, submit, values
from pipec.backends.argo_interpreter.retrying import seconds
from pipec.backends.argo_interpreter.substitution import substitute

INPUTS = {
    "i": "3", "f": "0.5", "n": "NaN", "inf": "-Infinity", "b": "true", "s": '"fast"', "l": '["a","b"]', "z": "null",
    "big": "9007199254740993", "m": '{"k": 1}',
}  # fmt: skip
SCOPE = {
    **{f"inputs.parameters.{name}": text for name, text in INPUTS.items()},
    "tasks.a-b.status": "Succeeded",
    "tasks.a-b.outputs.parameters.x": "[1]",
}
EXPRESSIONS: list[tuple[str, str | None]] = [
    ("float(inputs.parameters['f']) > 0.4", "true"),
    ("float(inputs.parameters['n']) > 0.4", "false"),
    ("float(inputs.parameters['n']) != 0", "true"),
    ("float(inputs.parameters['inf']) < 0", "true"),
    ("float(inputs.parameters['big']) == 9007199254740992", "true"),
    ("float(inputs.parameters['s'])", None),
    ("float(inputs.parameters['b'])", None),
    ("float(' 1')", None),
    ("float('1e400')", None),
    ("fromJSON(inputs.parameters['b'])", "true"),
    ("!fromJSON(inputs.parameters['i'])", None),
    ("fromJSON(inputs.parameters['s']) == 'fast'", "true"),
    ("fromJSON(inputs.parameters['i']) == 'fast'", "false"),
    ("fromJSON(inputs.parameters['s']) in ['slow', 'fast']", "true"),
    ("fromJSON(inputs.parameters['s']) not in ['slow']", "true"),
    ("inputs.parameters['z'] == 'null'", "true"),
    ("fromJSON(inputs.parameters['z']) == nil", "true"),
    ("len(fromJSON(inputs.parameters['l'])) > 1", "true"),
    ("string(len(fromJSON(inputs.parameters['l'])))", '"2"'),
    ("tasks['a-b'].status == 'Succeeded' ? tasks['a-b'].outputs.parameters['x'] : 'null'", '"[1]"'),
    ("tasks['q'].status == 'Succeeded' ? tasks['q'].outputs.parameters['x'] : 'null'", None),
    ("tasks['q'].outputs.parameters['x'] ?? 'none'", None),
    ("tasks['a-b'].outputs.parameters['none'] ?? 'none'", '"none"'),
    ("fromJSON(inputs.parameters['m']).k", "1"),
    ("fromJSON(inputs.parameters['l'])[1]", '"b"'),
    ("fromJSON(inputs.parameters['l'])[5]", None),
    ("fromJSON('{')", None),
    ("1 + 2 * 3", "7"),
    ("'a' + 'b'", '"ab"'),
    ("-float('2') - 1", "-3"),
    ("float('1') < float('2') && float('2') < float('3')", "true"),
    ("float('1') < float('2') || missing.thing == 'x'", None),
    ("missing", None),
    ("'a' < 'b'", "true"),
    ("true == fromJSON(inputs.parameters['b'])", "true"),
    ("toJson(fromJSON(inputs.parameters['m']))", '"{\\"k\\":1}"'),
    ("sprig.sha256sum('a')", '"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"'),
    ("asInt('3') + 1", "4"),
    ("'<&>'", '"\\u003c\\u0026\\u003e"'),
    ("\"it's\" == 'it\\'s'", "true"),
    ("not (float('1') > float('2'))", "true"),
    ("float('1') == 1 and float('2') == 2", "true"),
]
"""What the Go program says that links Argo 4.0.7 and expr 1.17.7: the value as JSON, None where it fails."""


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS)
def test_expressions_mean_what_expr_says(text: str, expected: str | None) -> None:
    scope = expressions.environment(SCOPE)
    if expected is None:
        with pytest.raises(values.Failed):
            expressions.evaluate(text, scope)
    else:
        assert values.go_json(expressions.evaluate(text, scope)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a?.b",
        "'x' matches 'y'",
        "1 == 'a'",
        "true || 'a'",
        "map([1], {#})",
        "string([1])",
        "2 ** 3",
        "let x = 1; x",
        "1 % 2",
    ],
)
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        expressions.evaluate(text, {"a": {}})


def test_values_are_scanned_again_and_written_as_go_quotes_them() -> None:
    once = substitute({"value": "{{a}} {{ b }} {{c}}"}, {"a": "{{b}}", "b": 'x"\n'})
    assert once == {"value": '{{b}} x"\n {{c}}'}
    assert substitute(once, {"b": "y"}) == {"value": 'y x"\n {{c}}'}
    with pytest.raises(Broken, match="invalid JSON"):
        substitute("{{a}}", {"a": "\x7f"})
    with pytest.raises(Broken, match="end tag"):
        substitute("{{a", {})
    with pytest.raises(Missing):
        substitute("{{tasks.a.status}}", {}, ("tasks",))


def test_an_expression_stays_until_it_can_be_computed() -> None:
    text = "{{= float(inputs.parameters['x']) > 1 }}"
    assert substitute(text, {"workflow.name": "w"}) == text
    assert substitute(text, {"inputs.parameters.x": "2"}) == "true"
    with pytest.raises(Broken, match="invalid operation"):
        substitute(text, {"inputs.parameters.x": "a"}, ("tasks",))


@pytest.mark.parametrize(("text", "expected"), [("10", 10.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5h", 5400.0)])
def test_durations(text: str, expected: float) -> None:
    assert seconds(text) == expected


# Workflows, written by hand.


def workflow(templates: list[dict[str, Any]], **spec: Any) -> str:
    defaults = {"container": {"image": "i", "command": ["sh", "-c"]}}
    body = {"entrypoint": "main", "templateDefaults": defaults, "templates": templates, **spec}
    return yaml.safe_dump({"kind": "WorkflowTemplate", "metadata": {"name": "w"}, "spec": body})


def leaf(name: str, script: str, inputs: tuple[str, ...] = (), output: str = "", **fields: Any) -> dict[str, Any]:
    template: dict[str, Any] = {"name": name, "container": {"args": [script]}, **fields}
    if inputs:
        template["inputs"] = {"parameters": [{"name": each} for each in inputs]}
    if output:
        template["outputs"] = {"parameters": [{"name": output, "valueFrom": {"path": "out"}}]}
    return template


def dag(*tasks: dict[str, Any], outputs: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    template: dict[str, Any] = {"name": "main", "dag": {"tasks": list(tasks), **fields}}
    if outputs:
        listed = [{"name": name, "valueFrom": {"expression": text}} for name, text in outputs.items()]
        template["outputs"] = {"parameters": listed}
    return template


def task(name: str, template: str = "ok", depends: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": name, "template": template, **({"depends": depends} if depends else {}), **fields}


OK, BAD = leaf("ok", "true"), leaf("bad", "exit 3")


def phases(run: Run) -> dict[str, str]:
    return {name.removeprefix("main."): node.phase for name, node in run.nodes.items() if name != "main"}


@pytest.mark.parametrize(
    ("depends", "expected"),
    [
        ("a", "Succeeded"),
        ("b", "Omitted"),
        ("b.Failed", "Succeeded"),
        ("b.Errored", "Omitted"),
        ("s", "Succeeded"),
        ("s.Succeeded", "Omitted"),
        ("s.Skipped && (b.Failed || b.Succeeded) && !b.Succeeded", "Succeeded"),
    ],
)
def test_depends(depends: str, expected: str, tmp_path: Path) -> None:
    tasks = [task("a"), task("b", "bad"), task("s", when="false"), task("last", depends=depends)]
    run = submit(workflow([dag(*tasks), OK, BAD]), tmp_path)
    assert phases(run)["last"] == expected


def test_an_omitted_task_has_the_phase_of_what_comes_before_it(tmp_path: Path) -> None:
    handled = dag(task("b", "bad"), task("after", depends="b.Failed"))
    assert submit(workflow([handled, OK, BAD]), tmp_path / "handled").phase == "Succeeded"
    omitted = dag(task("b", "bad"), task("after", depends="b.Succeeded"))
    assert submit(workflow([omitted, OK, BAD]), tmp_path / "omitted").phase == "Failed"
    skipped = dag(task("s", when="false"), task("after", depends="s.Succeeded"))
    assert submit(workflow([skipped, OK]), tmp_path / "skipped").phase == "Succeeded"


def gathered(script: str, sequence: dict[str, str], folder: Path) -> str:
    looped = task("t", "each", withSequence=sequence, arguments={"parameters": [{"name": "n", "value": "{{item}}"}]})
    each = leaf("each", script, ("n",), "r")
    text = "tasks['t'].status == 'Skipped' ? '[]' : tasks['t'].outputs.parameters['r']"
    run = submit(workflow([dag(looped, outputs={"all": text}), each]), folder)
    assert run.phase == "Succeeded", run.nodes
    return run.outputs.parameters["all"]


def test_what_a_loop_gathers(tmp_path: Path) -> None:
    number = "echo $(( {{inputs.parameters.n}} * 2 )) > out"
    assert gathered(number, {"count": "3"}, tmp_path / "a") == '["0","2","4"]'
    assert gathered(number, {"count": "0"}, tmp_path / "b") == "[]"
    assert gathered(number, {"start": "2", "end": "1"}, tmp_path / "c") == '["4","2"]'
    lists = "echo '[{{inputs.parameters.n}}, 1.0]' > out"
    assert gathered(lists, {"count": "2"}, tmp_path / "d") == "[[0,1],[1,1]]", "decoded, and numbers are floats"


def test_items(tmp_path: Path) -> None:
    arguments = {"parameters": [{"name": "n", "value": "{{item.a}}-{{item}}"}]}
    looped = task("t", "each", withParam='[{"a": "x<", "b": 1.0}]', arguments=arguments)
    each = leaf("each", "printf %s '{{inputs.parameters.n}}' > out", ("n",), "r")
    run = submit(workflow([dag(looped, outputs={"all": "tasks['t'].outputs.parameters['r']"}), each]), tmp_path)
    assert json.loads(run.outputs.parameters["all"]) == ['x<-{"a":"x\\u003c","b":1}']


def test_a_tag_in_a_looped_task_must_resolve(tmp_path: Path) -> None:
    arguments = {"parameters": [{"name": "n", "value": "{{foo}}"}]}
    looped = task("t", "each", withSequence={"count": "1"}, arguments=arguments)
    run = submit(workflow([dag(looped), leaf("each", "true", ("n",))]), tmp_path)
    assert (run.phase, run.nodes["main.t"].message) == ("Error", "failed to resolve {{foo}}")


def test_retries(tmp_path: Path) -> None:
    def attempts(folder: str, script: str, **retry: Any) -> tuple[str, int]:
        run = submit(workflow([dag(task("t", "r")), leaf("r", script, retryStrategy=retry)]), tmp_path / folder)
        return run.phase, run.nodes["main.t"].attempts

    assert attempts("a", "exit 3", limit="2") == ("Failed", 3)
    assert attempts("b", "test {{retries}} -eq 1", limit="5", backoff={"duration": "1h"}) == ("Succeeded", 2)
    assert attempts("c", "exit 3", limit="5", expression="asInt(lastRetry.exitCode) != 3") == ("Failed", 1)
    assert attempts("d", "exit 3", limit="5", retryPolicy="OnError") == ("Failed", 1)


def test_the_exit_handler_knows_status_and_failures(tmp_path: Path) -> None:
    handler = {
        "name": "bye",
        "inputs": {"artifacts": [{"name": "f", "path": "f", "raw": {"data": "{{workflow.failures}}"}}]},
        "container": {"args": ["printf '%s ' {{workflow.status}}; cat f"]},
    }
    run = submit(workflow([dag(task("b", "bad")), BAD, handler], onExit="bye"), tmp_path)
    status, _, failures = run.nodes["main.onExit"].log.partition(" ")
    assert (run.phase, status) == ("Failed", "Failed")
    assert [one["displayName"] for one in json.loads(json.loads(failures))] == ["b", "main"]
    broken = {"name": "bye", "container": {"args": ["exit 1"]}}
    assert submit(workflow([dag(task("a")), OK, broken], onExit="bye"), tmp_path / "two").phase == "Failed"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"suspend": {}}, "template: suspend"),
        ({"container": {"args": ["true"], "lifecycle": {}}}, "container: lifecycle"),
        ({"retryStrategy": {"limit": "1", "affinity": {}}}, "retryStrategy: affinity"),
    ],
)
def test_fields_that_are_not_known_are_refused(fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=message):
        submit(workflow([dag(task("a")), {**OK, **fields}]), tmp_path)


def test_a_skipped_output_is_the_consumers_default_or_an_error(tmp_path: Path) -> None:
    def run(folder: str, parameter: dict[str, str]) -> tuple[str, str]:
        reader = {**leaf("reader", "printf %s '{{inputs.parameters.n}}'"), "inputs": {"parameters": [parameter]}}
        maker = leaf("maker", "echo 1 > out", (), "r")
        arguments = {"parameters": [{"name": "n", "value": "{{tasks.m.outputs.parameters.r}}"}]}
        tasks = [task("m", "maker", when="false"), task("t", "reader", "m.Skipped", arguments=arguments)]
        done = submit(workflow([dag(*tasks), reader, maker]), tmp_path / folder)
        return done.phase, done.nodes["main.t"].log

    assert run("a", {"name": "n", "default": "none"}) == ("Succeeded", "none")
    assert run("b", {"name": "n"}) == ("Error", "")
