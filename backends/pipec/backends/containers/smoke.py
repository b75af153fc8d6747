"""A built image is tried: every step that it serves is imported in it, without a network, and its entry point answers."""

from __future__ import annotations

import contextlib
import io
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pipec.backends.containers.faults import BuildFailed, one_line
from pipec.backends.containers.packing import pack
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.images.model import CODE_ROOT
from pipec.compiler.record import replace

if TYPE_CHECKING:
    from pipec.backends.containers.engine import Engine
    from pipec.compiler.images.model import Image
    from pipec.compiler.images.plan import ImagePlan

PATIENCE = 900
"""Seconds that all imports together may take."""

_HELP = (
    "what is missing belongs into `requirements` or `apt_packages`; what only the machine of the run has, a driver say, into the "
    "step's function; `--no-smoke-test` takes the image as it is"
)


def try_image(engine: Engine, image: Image, plan: ImagePlan) -> None:
    """Imports in the image what runs in it.

    Raises:
        BuildFailed: something cannot be imported, or nothing starts (PC0621).
    """
    assert image.recipe is not None, "an image that is used as it is was not built"
    symbols = list(dict.fromkeys(one for call in image.calls for one in plan.functions.get(call, ())))
    failed = _failed(engine, image, plan, symbols)
    if not failed:
        return
    symbol, reason = next(iter(failed.items()))
    what = f"its {symbol} does not answer" if symbol == "entry point" else f"`{symbol}` cannot be imported in it"
    notes = tuple(f"`{other}`: {one_line(said)}" for other, said in list(failed.items())[1:])
    message = f"the image `{image.name}` is built and does not work: {what}: {one_line(reason)}"
    raise BuildFailed(Diagnostic("PC0621", message, notes=notes, help=_HELP))


def _failed(engine: Engine, image: Image, plan: ImagePlan, symbols: list[str]) -> dict[str, str]:
    """Why each function cannot be imported; empty where all is well."""
    from docker.errors import DockerException

    recipe = image.recipe
    assert recipe is not None
    script = files(__package__).joinpath("smoke_script.txt").read_text(encoding="utf-8")
    command = [recipe.python, "-I", "-B", "-c", script, CODE_ROOT, *symbols]
    api = engine.api
    container = ""
    try:
        host = api.create_host_config(network_mode="none")
        container = api.create_container(f"{image.repository}:{image.tag}", command, host_config=host)["Id"]
        if not recipe.has_code:
            api.put_archive(container, "/", _code_root(plan))
        api.start(container)
        status = api.wait(container, timeout=PATIENCE)["StatusCode"]
        printed = api.logs(container, stdout=True, stderr=False).decode("utf-8", "replace")
        said = api.logs(container, stdout=False, stderr=True).decode("utf-8", "replace")
    except (DockerException, OSError) as problem:
        return {"entry point": str(getattr(problem, "explanation", None) or problem)}
    finally:
        if container:
            _remove(api, container)
    try:
        found: dict[str, str] = json.loads(printed.strip().rpartition("\n")[2])
    except ValueError:
        return {"entry point": one_line(said) or f"it ends with {status}"}
    return found


def _remove(api: Any, container: str) -> None:
    from docker.errors import DockerException

    with contextlib.suppress(DockerException, OSError):  # the engine is gone, or somebody was faster
        api.remove_container(container, force=True, v=True)


def _code_root(plan: ImagePlan) -> bytes:
    """The code root as an archive, for an image that has none: there code travels inline."""
    into = io.BytesIO()
    pack((replace(one, path=one.path.removeprefix("code/")) for one in plan.code.files), into)
    return into.getvalue()
