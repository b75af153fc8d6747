"""Names across the modules of a project: re-exports, aliases, relative and star imports, folding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from programs import body, lower_file_of, lowered, write

if TYPE_CHECKING:
    from pathlib import Path

STEPS = "from {sdk} import step\n\n\n@step\ndef train(x: int = 0) -> int:\n    return x\n"
PIPELINE = "\n\n@pipeline\ndef p():\n    {call}\n"

ROWS = {
    "from": ("from steps.model import train", "train(1)"),
    "from as": ("from steps.model import train as fit", "fit(1)"),
    "import": ("import steps.model", "steps.model.train(1)"),
    "import as": ("import steps.model as m", "m.train(1)"),
    "module": ("from steps import model", "model.train(1)"),
    "re-export": ("from steps import train", "train(1)"),
    "re-export under a name": ("from steps import fit", "fit(1)"),
    "attribute of the package": ("import steps", "steps.train(1)"),
    "star": ("from steps.model import *", "train(1)"),
    "star of a star": ("from steps.all import *", "train(1)"),
    "star with __all__": ("from steps.some import *", "fit(1)"),
    "inside the function": ("", "from steps.model import train\n    train(1)"),
    "under TYPE_CHECKING too": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\nfrom steps.model import train",
        "train(1)",
    ),
    "try": ("try:\n    from steps.model import train\nexcept ImportError:\n    train = None", "train(1)"),
    "alias of a value": ("import steps.model\nfit = steps.model.train", "fit(1)"),
}


def files(sdk: str, head: str, call: str) -> dict[str, str]:
    return {
        "steps/__init__.py": "from .model import train\nfrom steps.model import train as fit\n",
        "steps/model.py": STEPS.format(sdk=sdk),
        "steps/all.py": "from .model import *\n",
        "steps/some.py": "from .model import train as fit\nfrom .model import train as hidden\n\n__all__ = ['fit']\n",
        "main.py": f"from {sdk} import pipeline\n{head}{PIPELINE.format(call=call)}",
    }


@pytest.mark.parametrize("sdk", ["zenml", "pipec.sdk"])
@pytest.mark.parametrize("row", ROWS)
def test_a_step_is_found(row: str, sdk: str, tmp_path: Path) -> None:
    write(tmp_path, files(sdk, *ROWS[row]))
    assert body(lower_file_of(tmp_path, "main.py")) == ["train = call steps.model:train(x=1)"]


@pytest.mark.parametrize(
    "decorators",
    [
        ("import zenml", "zenml.step", "zenml.pipeline"),
        ("import zenml as z", "z.step()", "z.pipeline()"),
        ("from zenml import step as s, pipeline as d", "s", "d"),
        ("from zenml.steps import step\nfrom zenml.pipelines import pipeline", "step", "pipeline(name='p')"),
        ("import pipec.sdk", "pipec.sdk.step", "pipec.sdk.pipeline"),
        ("from pipec import sdk", "sdk.step", "sdk.pipeline"),
        ("from zenml import *", "step", "pipeline"),
    ],
    ids=lambda row: row[0].partition("\n")[0],
)
def test_spellings_of_the_api(decorators: tuple[str, str, str], tmp_path: Path) -> None:
    head, step, pipeline = decorators
    text = f"{head}\n\n\n@{step}\ndef a() -> int:\n    return 1\n\n\n@{pipeline}\ndef p():\n    a()\n"
    assert body(lowered(tmp_path, text)) == ["a = call main:a()"]


def test_relative_imports_in_a_package(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "",
            "project/__init__.py": "",
            "project/config.py": "RATE = 2\n",
            "project/steps/__init__.py": "",
            "project/steps/model.py": STEPS.format(sdk="zenml"),
            "project/pipelines/__init__.py": "",
            "project/pipelines/training.py": "from zenml import pipeline\nfrom ..config import RATE\n"
            "from ..steps.model import train" + PIPELINE.format(call="train(RATE)"),
        },
    )
    pipeline = lower_file_of(tmp_path, "project/pipelines/training.py")
    assert pipeline.symbol == "project.pipelines.training:p"
    assert body(pipeline) == ["train = call project.steps.model:train(x=2)"]


def test_constants_and_settings_fold_across_modules(tmp_path: Path) -> None:
    program = (
        "from zenml import pipeline, step\nfrom config import RETRY, SIZES, Kind, options\nimport config as c\n\n\n"
        "@step(retry=RETRY, settings={'resources': c.RESOURCES})\ndef train(x: object, y: object) -> None:\n    pass\n\n\n"
        "@pipeline(enable_cache=not c.DEBUG)\ndef p():\n    train(SIZES['large'] * 2, options.depth + c.BASE)\n"
    )
    config = (
        "from dataclasses import dataclass\nfrom zenml.config import ResourceSettings, StepRetryConfig\n\n"
        "DEBUG = True\nBASE = 1\nSIZES = {name: len(name) for name in ('small', 'large')}\n"
        "RETRY = StepRetryConfig(max_retries=BASE + 1, delay=5)\nRESOURCES = ResourceSettings(cpu_count=2, memory='1GB')\n\n\n"
        "class Kind:\n    FAST = 'fast'\n\n\n@dataclass\nclass Options:\n    depth: int = 3\n\n\noptions = Options()\n"
    )
    pipeline = lowered(tmp_path, program, config=config)
    (call,) = pipeline.body.operations
    config_of_call = call.config  # type: ignore[union-attr]
    assert "train = call main:train(x=10, y=4)" in body(pipeline)[0]
    assert config_of_call.retry is not None
    assert config_of_call.retry.max_retries == 2
    assert config_of_call.resources is not None
    assert (config_of_call.resources.cpu_count, config_of_call.resources.memory) == (2.0, "1GB")
    assert config_of_call.cache is False
