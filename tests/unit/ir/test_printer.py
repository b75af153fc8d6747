"""The printed form of a program with everything in it, as an expected file; and what importing the IR may cost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ir_builders import Builder, const, expr, item, type_
from pipec.compiler.ir.config import Config, Hook, Hooks, Resources, Retry, Schedule
from pipec.compiler.ir.model import Closure, CodeFile, Pipeline
from pipec.compiler.ir.printer import print_block, print_pipeline
from pipec.compiler.ir.values import DictOf, Item, Lazy, ListOf, Output, RunFact

HERE = Path(__file__).parent


def program() -> Pipeline:
    b = Builder()
    size = b.param("size", "float", const(0.2))
    name = b.param("name", "str | None")
    b.step("load", "path: str = 'x'", "frame: pandas.DataFrame, rows: int")
    config = Config(
        cache=False,
        retry=Retry(2, backoff=2.0),
        resources=Resources(memory="4GB"),
        environment={"HOST": Lazy("environment", {"name": "HOST"}, type_("str")), "BRACES": "{{x}}"},
        secrets=("database",),
        hooks=Hooks(
            on_failure=Hook("hooks:notify", Closure("sha256:0"), {"channel": const("ml")}, takes_exception=True)
        ),
        settings={"orchestrator": {"pod": {"labels": ["a", 1, None]}}},
    )
    load = replace(b.call("load", config=config), label=expr("format", const("load {}"), name, annotation="str"))
    loop = b.loop(
        "loop",
        expr("range", Output("load", "rows", type_("int"))),
        b.call("fit", x=Item("loop", type_("Any"), (0, 1))),
        all=b.out("fit"),
    )
    is_large = expr(">", b.out("load", "rows"), expr("*", size, const(10)))
    choice = b.branch(
        "if_1",
        (is_large, [replace(loop, max_parallelism=2)]),
        (name, []),
        (None, [b.call("skip", after=["load"])]),
        after=["prepare"],
        best=(Output("loop", "all", type_("list")), const(None), b.out("skip")),
    )
    use = b.call(
        "use",
        a=DictOf(
            (("k{{", b.out("load", "frame")), ("l", ListOf((size, const((1, b"x"))), type_("list")))), type_("dict")
        ),
        b=ListOf((name,), type_("tuple"), is_tuple=True),
        c=RunFact("random", "p.py:3", type_("float")),
        d=expr("not", expr("and", expr("==", name, const("x")), const(True))),
        e=Lazy("artifact", {"name": "model", "version": 3}, type_("Any")),
    )
    inner = b.group("inner", use, after=["if_1"], r=item("none"))
    pipeline = b.pipeline(
        b.call("prepare"),
        load,
        choice,
        inner,
        config=Config(max_parallelism=4, tags=("a",)),
        outputs={"best": Output("if_1", "best", type_("Any"))},
    )
    closure = Closure("sha256:0", requirements=("pandas>=2",), files=("data/x.csv",))
    return replace(
        pipeline,
        steps={**pipeline.steps, "steps:load": replace(pipeline.steps["steps:load"], closure=closure)},
        frozen={"models": const(["a"])},
        schedule=Schedule(pipeline.span, cron="0 3 * * *", catchup=True),
        code=(CodeFile("steps.py", "import x\n\n"),),
    )


def test_the_printed_form(golden: Callable[[Path, str], None]) -> None:
    golden(HERE / "printed.ir.txt", print_pipeline(program()))


def test_a_block_alone() -> None:
    b = Builder()
    assert (
        print_block(b.pipeline(b.group("g", b.call("a", after=["b"]), r=const(1))).body)
        == "g = group g\n    a = call steps:a() after [b]\n  -> (r = 1)\n"
    )


def test_the_hot_path_imports_the_standard_library_alone() -> None:
    modules = "passes", "ir.json", "ir.printer", "ir.verifier", "ir.features"
    imports = ", ".join(f"pipec.compiler.{module}" for module in modules)
    heavy = "'pydantic', 'pydantic_core', 'libcst', 'rich', 'jinja2', 'yaml'"
    script = f"import sys; sys.path.insert(0, {str(HERE.parents[2] / 'compiler')!r}); import {imports}; print([m for m in ({heavy}) if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
