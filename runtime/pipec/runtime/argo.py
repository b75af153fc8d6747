"""The adapter for Argo Workflows: `python -I CODE argo DATA PIPELINE RUN STEP SPEC [ARGUMENT]…`.

DATA is a folder of the pod: inputs lie in `in/NAME`, outputs go to `out/NAME` (artifacts) and `out/NAME.json`
(parameters). Each ARGUMENT is one of

    SLOT=JSON               a value; `NaN`, `Infinity` and `-Infinity` are words here, for Argo's own conditions
    SLOT=@in/NAME           an artifact, below DATA; where an arm was not taken, none lies there
    SLOT=@values:LIST       what a loop has collected of values: a list of texts, as Argo gathers them
    SLOT=@in/NAME:COUNT     likewise of artifacts: `in/NAME/0.item`, `in/NAME/1.item` …, how many is COUNT; in loops
                            within loops a list of counts and `in/NAME/0.item/0.item` …
    @start=TIME             when the run started
    @attempt=N              how many attempts came before
    @require=REQUIREMENT    a distribution that the step needs, installed where the image lacks it

PIPELINE and STEP are plain, or JSON text where they start with a quote: Argo leaves JSON text of ours alone.
"""

from __future__ import annotations

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

_LEGAL = re.compile(r"[A-Za-z0-9_-]+")
_ARTIFACT = re.compile(r"@(in/[A-Za-z0-9_-]+)(?::(.*))?", re.DOTALL)
_VALUES = "@values:"
_WORDS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
_CANONICAL = {word: json.dumps({"$pipec": ["float", name]}) for word, name in _WORDS.items()}
_WORD_OF = {text: word for word, text in _CANONICAL.items()}
_ACTIVE_DOLLAR = re.compile(r"\$(?=[$(])")


def main(argv: Sequence[str]) -> int:
    """Run one step; see the module's docstring. Gives the exit status of `pipec.runtime.execute`, 2 if `argv` is wrong."""
    try:
        data, pipeline, run, step, spec = Path(argv[0]), _word(argv[1]), argv[2], _word(argv[3]), json.loads(argv[4])
        slots, requirements, facts = _arguments(argv[5:], data, spec)
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

    status = run_invocation(spec, pipeline=pipeline, step=step, run=run, slots=slots, results=results, **facts)
    _make_inert(result["parameter"] for result in results.values() if "parameter" in result)
    return status


def _word(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text


def _arguments(
    arguments: Iterable[str], data: Path, spec: dict[str, Any]
) -> tuple[dict[str, dict[str, str]], list[str], dict[str, int | str]]:
    slots: dict[str, dict[str, str]] = {}
    requirements: list[str] = []
    facts: dict[str, int | str] = {"attempt": 1}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign:
            raise ValueError(argument)
        if name == "@require":
            requirements.append(value)
        elif name == "@attempt":
            facts["attempt"] = int(value) + 1
        elif name == "@start":
            facts["start_time"] = value
        elif value.startswith(_VALUES):
            slots[name] = {"json": _gathered(json.loads(value.removeprefix(_VALUES)))}
        elif match := _ARTIFACT.fullmatch(value):
            place = data / match[1]
            if match[2] is None:
                slots[name] = {"artifact": str(place)}
            else:
                _replace(spec, name, _listed(name, place, _counts(json.loads(match[2])), slots))
        else:
            slots[name] = {"json": _CANONICAL.get(value, value)}
    return slots, requirements, facts


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
