"""Functions of the user that are called around a step or a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipec.runtime import codec, places
from pipec.runtime.invocation import HookSpec
from pipec.sdk.exceptions import StepFailed


def fire(
    hooks: Mapping[str, HookSpec], name: str, load: Callable[[str], Any], problem: BaseException | None = None
) -> None:
    """Call a hook of a step, if it has one. What it raises is printed and changes nothing.

    Args:
        hooks: those of the step.
        name: which.
        load: gives the function that a symbol names, and what calls it.
        problem: what went wrong, for a hook that takes it.
    """
    hook = hooks.get(name)
    if hook is None:
        return
    try:
        load(hook.function)(*((problem,) if hook.takes_exception else ()))
    except BaseException as raised:
        # Too rare to pay for at each start.
        import traceback

        traceback.print_exception(raised, file=sys.stderr)
        print(f"pipec: the hook {name} failed; the step goes on", file=sys.stderr, flush=True)


def first_failure(failures: Sequence[Any]) -> BaseException | None:
    """The exception of the first step that failed, None where none did.

    It is of its own class where that can be imported and made of what the error document says of it, else `StepFailed`,
    which is its cause otherwise.

    Args:
        failures: error documents, or places of such, in the order of definition. Those that are not there are skipped;
            a step that died without a word has none.
    """
    for failure in failures:
        document = failure if isinstance(failure, dict) else _read(str(failure))
        if document is not None:
            return _exception(document)
    return StepFailed("?", "unknown", "the step left no error document") if failures else None


def _read(place: str) -> Any:
    try:
        if places.is_url(place):
            system, path = places.remote(place)
            return json.loads(system.cat_file(path))
        return json.loads(places.local_path(place).read_bytes())
    except (OSError, ValueError):
        return None


def _exception(document: Mapping[str, Any]) -> BaseException:
    text = {name: str(document.get(name, "")) for name in ("step", "type", "message", "traceback")}
    failed = StepFailed(text["step"] or "?", text["type"] or "unknown", text["message"], text["traceback"])
    made = _own(document.get("class"), document.get("args"), text["message"])
    if made is None:
        return failed
    made.__cause__ = failed
    return made


def _own(symbol: Any, encoded: Any, message: str) -> BaseException | None:
    try:
        class_ = codec.resolve(symbol)
        if not (isinstance(class_, type) and issubclass(class_, BaseException)):
            return None
        arguments = codec.decode(encoded, is_trusted=True)
    except Exception:
        return None
    # A class may take other arguments than it keeps: what is shown must be what was shown.
    for make in (class_, lambda *given: class_.__new__(class_, *given)):
        try:
            made = make(*arguments)
            if str(made) == message:
                return made
        except Exception:
            continue
    return None
