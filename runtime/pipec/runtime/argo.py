"""The adapter for Argo Workflows: `python -I CODE argo DATA PIPELINE RUN [OPTION]… STEP SPEC [ARGUMENT]…`.

DATA is a folder of the pod: inputs lie in `in/NAME`, outputs go to `out/NAME` (artifacts) and `out/NAME.json`
(parameters). Each ARGUMENT is one of

    SLOT=JSON               a value; `NaN`, `Infinity` and `-Infinity` are words here, for Argo's own conditions
    SLOT=@in/NAME           an artifact, below DATA; where an arm was not taken, none lies there
    SLOT=@values:LIST       what a loop has collected of values: a list of texts, as Argo gathers them
    SLOT=@in/NAME:COUNT     likewise of artifacts: `in/NAME/0.item`, `in/NAME/1.item` …, how many is COUNT; in loops
                            within loops a list of counts and `in/NAME/0.item/0.item` …
    @start=TIME             when the run started
    @attempt=N              how many attempts came before
    @limit=N                how many may follow the first: the last one alone leaves a message
    @require=REQUIREMENT    a distribution that the step needs, installed where the image lacks it
    @at=0.2                 which iteration this is of the loops around the step, from the outside in
    @state=@in/NAME         what `on_init` returned
    @failures=@in/NAME      for a hook: Argo's own list of what failed
    @steps=JSON             likewise: the ids of all steps, in the order of the source

and each OPTION `@root=URL`, the store, or `@message=FILE`, where the error document goes that Argo shows as the message
of a failed node.

PIPELINE and STEP are plain, or JSON text where they start with a quote: Argo leaves JSON text of ours alone.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

INVALID = 2
_MESSAGE = 4000
"""Bytes of a container's message that Kubernetes keeps, with some to spare."""

_LEGAL = re.compile(r"[A-Za-z0-9_-]+")
_ARTIFACT = re.compile(r"@(in/[A-Za-z0-9_-]+)(?::(.*))?", re.DOTALL)
_VALUES = "@values:"
_ATTEMPT = re.compile(r"(.*)\(\d+\)", re.DOTALL)
_WORDS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
_CANONICAL = {word: json.dumps({"$pipec": ["float", name]}) for word, name in _WORDS.items()}
_WORD_OF = {text: word for word, text in _CANONICAL.items()}
_ACTIVE_DOLLAR = re.compile(r"\$(?=[$(])")


def main(argv: Sequence[str]) -> int:
    """Run one step; see the module's docstring. Gives the exit status of `pipec.runtime.execute`, 2 if `argv` is wrong."""
    try:
        data, pipeline, run = Path(argv[0]), _word(argv[1]), argv[2]
        options, rest = _options(argv[3:])
        step, spec = _word(rest[0]), json.loads(rest[1])
        slots, requirements, facts = _arguments(rest[2:], data, spec)
        facts["artifact_root"] = options.get("root")
        is_last = facts["attempt"] > int(facts.pop("limit", 0))
        if at := facts.pop("at", None):
            facts["instance"] = f"{step}@{at}"
        results = _results(spec["outputs"], data / "out")
    except (IndexError, ValueError, KeyError, TypeError) as fault:
        print(f"pipec: wrong arguments: {fault!r}", file=sys.stderr, flush=True)
        return INVALID
    if requirements:
        status = _install(requirements, data / "site")
        if status:
            return status
    (data / "out").mkdir(parents=True, exist_ok=True)
    from pipec.runtime.execute import run_invocation

    if "message" in options:
        facts["error"] = str(data / "error.json")
    status = run_invocation(spec, pipeline=pipeline, step=step, run=run, slots=slots, results=results, **facts)
    _make_inert(result["parameter"] for result in results.values() if "parameter" in result)
    if status and is_last and "message" in options:
        _say(data / "error.json", Path(options["message"]))
    return status


def _options(arguments: Sequence[str]) -> tuple[dict[str, str], Sequence[str]]:
    options: dict[str, str] = {}
    while arguments and arguments[0].startswith("@"):
        name, _, value = arguments[0][1:].partition("=")
        options[name] = value
        arguments = arguments[1:]
    return options, arguments


def _say(document: Path, place: Path) -> None:
    """Writes the error document on one line, without what Kubernetes would cut off."""
    try:
        error = json.loads(document.read_text(encoding="utf-8"))
        for dropped in ("", "traceback", "chain", "args", "message"):
            error.pop(dropped, None)
            text = json.dumps(error).replace("{{", "{\\u007b")
            if len(text) <= _MESSAGE:
                place.write_text(text, encoding="ascii")
                return
    except (OSError, ValueError) as problem:
        print(f"pipec: the error document cannot be handed on: {problem}", file=sys.stderr, flush=True)


def _word(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text


def _arguments(
    arguments: Iterable[str], data: Path, spec: dict[str, Any]
) -> tuple[dict[str, dict[str, str]], list[str], dict[str, Any]]:
    slots: dict[str, dict[str, str]] = {}
    requirements: list[str] = []
    facts: dict[str, str] = {}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign:
            raise ValueError(argument)
        if name == "@require":
            requirements.append(value)
        elif name.startswith("@"):
            facts[name[1:]] = value
        else:
            _fill(slots, name, value, data, spec)
    return slots, requirements, _facts(facts, data)


def _fill(slots: dict[str, dict[str, str]], name: str, value: str, data: Path, spec: dict[str, Any]) -> None:
    """Enters what an argument says of a slot."""
    match = _ARTIFACT.fullmatch(value)
    if value.startswith(_VALUES):
        slots[name] = {"json": _gathered(json.loads(value.removeprefix(_VALUES)))}
    elif match is None:
        slots[name] = {"json": _CANONICAL.get(value, value)}
    elif match[2] is None:
        slots[name] = {"artifact": str(data / match[1])}
    else:
        _replace(spec, name, _listed(name, data / match[1], _counts(json.loads(match[2])), slots))


def _facts(given: Mapping[str, str], data: Path) -> dict[str, Any]:
    """What the invocation says of the run and the attempt."""
    facts: dict[str, Any] = {"attempt": int(given.get("attempt", "0")) + 1, "start_time": given.get("start")}
    facts |= {name: given[name] for name in ("at", "limit") if name in given}
    if "state" in given:
        facts["state"] = {"artifact": str(data / given["state"][1:])}
    if "failures" in given:
        text = (data / given["failures"][1:]).read_text(encoding="utf-8")
        facts["failures"] = _failures(text, json.loads(given.get("steps", "[]")))
    return facts


def _failures(text: str, steps: Sequence[str]) -> list[dict[str, Any]]:
    """The error documents in Argo's list of failed nodes, in the order of the source.

    The list is JSON within a literal of Go, and holds all that failed on the way: scopes around a step, and attempts
    before the last, which leave no document. What else left none, such as a pod that was evicted, comes last.
    """
    nodes: list[dict[str, Any]] = json.loads(ast.literal_eval(text)) or []
    order = {step: place for place, step in enumerate(steps)}
    found: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    told: set[str] = set()
    for node in nodes:
        name, message = str(node.get("displayName")), str(node.get("message", ""))
        attempt = _ATTEMPT.fullmatch(name)
        if error := _document(message):
            found.append(error)
            told.add(name if attempt is None else attempt[1])
        elif message and attempt is None:
            rest.append({"step": name, "type": node.get("phase"), "message": message})
    found.sort(key=lambda error: (order.get(str(error.get("step")), len(order)), _indices(error)))
    return [*found, *(error for error in rest if error["step"] not in told)]


def _indices(error: Mapping[str, Any]) -> list[int]:
    at = str(error.get("instance", "")).partition("@")[2]
    return [int(index) for index in at.split(".") if index.isdigit()]


def _document(message: str) -> dict[str, Any]:
    start = message.find('{"version"')
    try:
        document: dict[str, Any] = json.JSONDecoder().raw_decode(message, start)[0] if start >= 0 else {}
    except ValueError:
        return {}
    return document


def _gathered(value: Any) -> str:
    """Canonical JSON text of what Argo gathers: a list of texts, or, where each text is a list, of those lists."""
    if isinstance(value, str):
        return _gathered(json.loads(value)) if value.startswith("[") else _CANONICAL.get(value, value)
    if isinstance(value, list):
        return f"[{', '.join(map(_gathered, value))}]"
    return json.dumps(value)


def _counts(value: Any) -> Any:
    """How many artifacts there are: a number, or a list for loops within loops; Argo gives each as text."""
    if isinstance(value, str):
        return _counts(json.loads(value))
    return list(map(_counts, value)) if isinstance(value, list) else value


def _listed(slot: str, place: Path, counts: Any, slots: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The recipe of a list of artifacts, each in a slot of its own; that of None where the list was not made."""
    if counts is None:
        return {"const": None}
    inner = [None] * counts if isinstance(counts, int) else counts
    recipes: list[dict[str, Any]] = []
    for index, count in enumerate(inner):
        name, folder = f"{slot}.{index}", place / f"{index}.item"
        if isinstance(counts, int):
            slots[name] = {"artifact": str(folder)}
            recipes.append({"slot": name})
        else:
            recipes.append(_listed(name, folder, count, slots))
    return {"list": recipes}


def _replace(spec: dict[str, Any], slot: str, recipe: dict[str, Any]) -> None:
    """Puts a recipe in the place of a slot: one that is an argument itself becomes one that is put together."""

    def changed(part: Any) -> Any:
        if isinstance(part, list):
            return [changed(each) for each in part]
        if not isinstance(part, dict) or "const" in part:
            return part
        return (
            recipe
            if part == {"slot": slot}
            else {key: changed(each) for key, each in cast("dict[str, Any]", part).items()}
        )

    compose = spec.setdefault("compose", {})
    before = json.dumps(compose)
    for argument in compose:
        compose[argument] = changed(compose[argument])
    if json.dumps(compose) == before:
        compose[slot] = recipe


def _results(outputs: Mapping[str, Mapping[str, Any]], out: Path) -> dict[str, dict[str, str]]:
    results: dict[str, dict[str, str]] = {}
    for name, output in outputs.items():
        base = legal_name(name)
        result = results[name] = {}
        if output["carrier"] == "artifact":
            result["artifact"] = str(out / base)
        if output["carrier"] == "parameter" or output.get("mirrored"):
            result["parameter"] = str(out / f"{base}.json")
    return results


def legal_name(name: str) -> str:
    """The name that the compiler gave to an output that Argo could not call `name`."""
    if _LEGAL.fullmatch(name):
        return name
    return f"value-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def _make_inert(files: Iterable[str]) -> None:
    """Spells a `$` that the kubelet would expand where the value becomes an argument of the next step.

    Numbers that JSON lacks become words that Argo's conditions read.
    """
    for file in files:
        path = Path(file)
        if path.exists():
            text = path.read_text(encoding="utf-8")
            inert = _WORD_OF.get(text) or _ACTIVE_DOLLAR.sub(r"\\u0024", text)
            if inert != text:
                path.write_text(inert, encoding="utf-8")


def _install(requirements: Sequence[str], prefix: Path) -> int:
    """Installs what the image lacks into a folder of the pod (its own may be read-only) and puts it on the path."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check"]
    print(f"pipec: installing {', '.join(requirements)}", file=sys.stderr, flush=True)
    done = subprocess.run([*command, "--no-warn-script-location", "--prefix", str(prefix), *requirements], check=False)
    if done.returncode:
        print("pipec: the requirements of the step could not be installed", file=sys.stderr, flush=True)
        return INVALID
    # Debian's Python adds `local` and calls the folder `dist-packages`.
    sys.path[1:1] = [str(path) for path in sorted(prefix.glob("**/lib*/python*/*-packages"))]
    return 0
