"""CPU time of compiling one program as a whole process: pipec for each target, and its peers.

    python benchmarks/compile.py [--rounds 7] [--sizes 10 100 1000 10000] [--spread 500] [--peer-python PATH …]

With `--sizes`, a chain of so many calls goes to the IR, to each target, which refuses what is beyond its limit, and through
kfp and hera. With `--spread N`, the calls are also those of N steps in N modules of a package. Peak memory is that of one
process.

Peers run in environments of their own: `.venvs/kubeflow` has kfp (make one with `make setup`); other interpreters that
have kfp, hera or metaflow are named with `--peer-python`. CPU is user plus system time of the process and its children.
"""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ("ir", "argo", "kubeflow", "airflow")
SOURCE_ROOTS = ("compiler", "backends", "templates", "runtime")

HELLO = """
from typing import Annotated

from pipec.sdk import pipeline, step


@step
def say_hello(name: str) -> Annotated[str, "greeting"]:
    return f"Hello, {name}!"


@pipeline
def simple_pipeline(name: str = "World") -> Annotated[str, "greeting"]:
    return say_hello(name)
"""

PEERS = {
    "kfp": '''
import sys
from kfp import compiler, dsl

@dsl.component(base_image="python:3.11-slim")
def say_hello(name: str) -> str:
    return f"Hello, {name}!"

@dsl.pipeline(name="simple-pipeline")
def simple_pipeline(name: str = "World") -> str:
    return say_hello(name=name).output

compiler.Compiler().compile(simple_pipeline, sys.argv[1])
''',
    "hera": '''
import sys
from hera.workflows import DAG, Parameter, WorkflowTemplate, script

@script(image="python:3.11-slim")
def say_hello(name: str):
    print(f"Hello, {name}!")

with WorkflowTemplate(name="simple-pipeline", entrypoint="main", arguments=[Parameter(name="name", value="World")]) as w:
    with DAG(name="main"):
        say_hello(arguments={"name": "{{workflow.parameters.name}}"})
open(sys.argv[1], "w").write(w.to_yaml())
''',
    "metaflow": '''
from metaflow import FlowSpec, Parameter, step

class SimplePipeline(FlowSpec):
    name = Parameter("name", default="World")

    @step
    def start(self):
        self.next(self.say_hello)

    @step
    def say_hello(self):
        self.greeting = f"Hello, {self.name}!"
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    SimplePipeline()
''',
}  # fmt: skip


def chain(size: int) -> str:
    """A pipeline of `size` calls, each of which reads the one before."""
    calls = "\n".join(f"    value = add(value, {index})" for index in range(size - 1))
    return (
        "from pipec.sdk import pipeline, step\n\n\n@step\ndef start() -> int:\n    return 0\n\n\n"
        "@step\ndef add(value: int, amount: int) -> int:\n    return value + amount\n\n\n"
        f"@pipeline\ndef chain():\n    value = start()\n{calls}\n    return value\n"
    )


def kfp_chain(size: int) -> str:
    """The same for kfp."""
    calls = "\n".join(f"    value = add(value=value.output, amount={index})" for index in range(size - 1))
    return (
        "import sys\nfrom kfp import compiler, dsl\n\n"
        '@dsl.component(base_image="python:3.11-slim")\ndef start() -> int:\n    return 0\n\n'
        '@dsl.component(base_image="python:3.11-slim")\ndef add(value: int, amount: int) -> int:\n    return value + amount\n\n'
        f"@dsl.pipeline\ndef chain():\n    value = start()\n{calls}\n\n"
        "compiler.Compiler().compile(chain, sys.argv[1])\n"
    )


def hera_chain(size: int) -> str:
    """The same for hera."""
    calls = "\n".join(
        f'        value = add(name="add-{index}", arguments={{"value": value.result, "amount": {index}}})\n'
        f"        last >> value\n        last = value"
        for index in range(size - 1)
    )
    return (
        "import sys\nfrom hera.workflows import DAG, WorkflowTemplate, script\n\n"
        '@script(image="python:3.11-slim")\ndef start():\n    print(0)\n\n'
        '@script(image="python:3.11-slim")\ndef add(value: int, amount: int):\n    print(value + amount)\n\n'
        'with WorkflowTemplate(name="chain", entrypoint="main") as w:\n    with DAG(name="main"):\n'
        f'        value = last = start(name="start")\n{calls}\n'
        'open(sys.argv[1], "w").write(w.to_yaml())\n'
    )


def spread(folder: Path, size: int, modules: int) -> Path:
    """A chain of `size` calls of steps in `modules` modules, each of which reads a constant of its neighbour."""
    package = folder / f"spread{size}" / "parts"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for index in range(modules):
        other = f"from parts.m{(index + 1) % modules} import FACTOR as OTHER\n" if index % 2 else "OTHER = 1\n"
        (package / f"m{index}.py").write_text(
            f"from pipec.sdk import step\n\n{other}\nFACTOR = {index}\n\n\n"
            f"@step\ndef add_{index}(value: int, amount: int) -> int:\n    return value + amount * OTHER\n",
            encoding="utf-8",
        )
    imports = "\n".join(f"from parts.m{index} import add_{index}" for index in range(modules))
    calls = "\n".join(f"    value = add_{index % modules}(value, {index})" for index in range(size))
    file = package.parent / "main.py"
    file.write_text(
        f"from pipec.sdk import pipeline\n\n{imports}\n\n\n@pipeline\ndef chain(value: int = 0):\n{calls}\n"
        "    return value\n",
        encoding="utf-8",
    )
    return file


@dataclass
class Contestant:
    """A command to time, and what it used in each round: seconds of CPU, and the most memory of all rounds in MB."""

    name: str
    command: Callable[[Path], list[str]]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    seconds: list[float] = field(default_factory=list[float])
    megabytes: float = 0.0
    fault: str = ""

    def run(self) -> None:
        """One round, into an empty output folder."""
        output = Path(tempfile.mkdtemp(dir=self.folder))
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                self.command(output),
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            told = said.read().strip().splitlines()
        shutil.rmtree(output, ignore_errors=True)
        if process.returncode:
            self.fault = next((line for line in told if line.startswith("error")), (told or ["?"])[-1])
            return
        self.megabytes = max(self.megabytes, used.ru_maxrss / 1024)
        self.seconds.append(used.ru_utime + used.ru_stime)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def pipec(folder: Path, file: str, target: str) -> Contestant:
    """`pipec compile` as it is installed: bytecode is cached, as for any installed package."""
    script = "import sys; from pipec.compiler.cli import main; sys.exit(main())"  # what the installed `pipec` runs
    command = [sys.executable, "-c", script, "compile", file, "--target", target, "--quiet", "-o"]
    roots = os.pathsep.join(str(ROOT / one) for one in SOURCE_ROOTS)
    compile_bytecode()
    return Contestant(f"pipec {target}", lambda output: [*command, str(output)], folder, {"PYTHONPATH": roots})


@cache
def compile_bytecode() -> None:
    """Bytecode for this work tree, as an installed package has it; installers write it whatever the environment says."""
    for root in SOURCE_ROOTS:
        compileall.compile_dir(ROOT / root, quiet=1)
    # The packed runtime is kept likewise, by the first compilation.
    code = "import sys; sys.dont_write_bytecode = False; from pipec.compiler.packed_runtime import packed_runtime as p"
    roots = os.pathsep.join(str(ROOT / one) for one in SOURCE_ROOTS)
    for target in ("argo", "kubeflow"):
        subprocess.run(
            [sys.executable, "-c", f"{code}; p({target!r})"], env={**os.environ, "PYTHONPATH": roots}, check=True
        )


def peer(name: str, python: str, folder: Path, source: str) -> Contestant:
    """A peer's program, run by an interpreter that has it."""
    file = folder / f"{name}_program.py"
    file.write_text(source, encoding="utf-8")
    if name == "metaflow":
        command = [python, str(file), "argo-workflows", "create", "--only-json"]
        return Contestant(name, lambda _: command, folder, {"USERNAME": "bench", "METAFLOW_DEFAULT_DATASTORE": "local"})
    return Contestant(name, lambda output: [python, str(file), str(output / "out.yaml")], folder)


def has_module(python: str, module: str) -> bool:
    """Whether the interpreter `python` can find `module`."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def interpreters(given: list[str]) -> list[str]:
    """Where peers may be: this interpreter, the engines' environments, and what the user names."""
    folder = Path(os.environ.get("PIPEC_VENVS", ROOT / ".venvs"))
    engines = [str(one) for one in sorted(folder.glob("*/bin/python"))]
    return [*given, *engines, sys.executable]


def race(contestants: list[Contestant], rounds: int, base: str) -> None:
    """Runs all contestants in turn, `rounds` times after a warm-up, and prints medians and ratios to `base`."""
    for number in range(rounds + 1):
        for one in contestants:
            one.run()
            if number == 0:
                one.seconds.clear()
    reference = next((one for one in contestants if one.name == base and one.seconds), None)
    for one in contestants:
        if not one.seconds:
            print(f"  {one.name:<14} did not run: {one.fault}")
            continue
        ratio = f"{one.median / reference.median:8.3f} of {base}" if reference is not None else ""
        print(f"  {one.name:<14} {one.median * 1000:9.0f} ms CPU {one.megabytes:7.0f} MB {ratio}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--spread", type=int, default=0, metavar="MODULES")
    parser.add_argument("--peer-python", action="append", default=[])
    arguments = parser.parse_args()
    found = interpreters(arguments.peer_python)
    modules = {"kfp": "kfp", "hera": "hera.workflows", "metaflow": "metaflow"}
    pythons = {
        name: next((one for one in found if has_module(one, module.partition(".")[0])), None)
        for name, module in modules.items()
    }
    for name, python in pythons.items():
        if python is None:
            print(f"{name}: not installed in any of the interpreters, left out")
    with tempfile.TemporaryDirectory(prefix="pipec-bench-") as name:
        folder = Path(name)
        (folder / "hello.py").write_text(HELLO, encoding="utf-8")
        peers = [peer(one, python, folder, PEERS[one]) for one, python in pythons.items() if python is not None]
        print("hello, whole process:")
        race([*(pipec(folder, "hello.py", target) for target in TARGETS), *peers], arguments.rounds, "kfp")
        for size in arguments.sizes:
            file = folder / f"chain{size}.py"
            file.write_text(chain(size), encoding="utf-8")
            contestants = [pipec(folder, file.name, target) for target in TARGETS]
            if pythons["kfp"] is not None and size <= 2000:
                contestants.append(peer("kfp", pythons["kfp"], folder, kfp_chain(size)))
            if pythons["hera"] is not None and size <= 2000:
                contestants.append(peer("hera", pythons["hera"], folder, hera_chain(size)))
            print(f"a chain of {size} steps:")
            race(contestants, max(1, min(arguments.rounds, 3000 // size)), "kfp")
            if arguments.spread:
                file = spread(folder, size, min(size, arguments.spread))
                print(f"a chain of {size} steps in {min(size, arguments.spread)} modules:")
                contestants = [pipec(file.parent, file.name, target) for target in TARGETS]
                race(contestants, max(1, min(arguments.rounds, 3000 // size)), "pipec ir")


if __name__ == "__main__":
    main()
