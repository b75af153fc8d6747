"""Running a chain of no-op steps on one machine: pipec against its peers and against plain function calls.

    python benchmarks/run.py [--rounds 3] [--sizes 2 20] [--peer-python PATH …] [--large 1000] [--frame]

All of them run the same program, interleaved in the same minutes: the machine may be shared, so ratios count, not times.
What one more step costs is the difference between the two sizes. `--large N` runs a chain and a fan-out of N steps with pipec
alone, `--frame` passes a DataFrame of 1 GB between two steps; both print the peak memory of any one process.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from compile import SOURCE_ROOTS, compile_bytecode, has_module, interpreters

ROOT = Path(__file__).resolve().parent.parent


def pipec_chain(size: int) -> str:
    """A chain of `size` steps; none is cached."""
    calls = "\n".join("    value = add(value)" for _ in range(size - 1))
    return (
        "from pipec.sdk import pipeline, step\n\n\n@step(enable_cache=False)\ndef start() -> int:\n    return 0\n\n\n"
        "@step(enable_cache=False)\ndef add(value: int) -> int:\n    return value + 1\n\n\n"
        f"@pipeline\ndef chain() -> int:\n    value = start()\n{calls}\n    return value\n"
    )


def plain_chain(size: int) -> str:
    """The same as calls of functions in one process."""
    calls = "value = add(value)\n" * (size - 1)
    return (
        f"def start():\n    return 0\n\ndef add(value):\n    return value + 1\n\nvalue = start()\n{calls}print(value)\n"
    )


def kfp_chain(size: int) -> str:
    """The same for `kfp.local`, in processes of this interpreter's."""
    calls = "\n".join("    value = add(value=value.output)" for _ in range(size - 1))
    return (
        "from kfp import dsl, local\n\nlocal.init(runner=local.SubprocessRunner(use_venv=False))\n\n"
        "@dsl.component(install_kfp_package=False)\ndef start() -> int:\n    return 0\n\n"
        "@dsl.component(install_kfp_package=False)\ndef add(value: int) -> int:\n    return value + 1\n\n"
        f"@dsl.pipeline\ndef chain() -> int:\n    value = start()\n{calls}\n    return value.output\n\n"
        "print(chain().output)\n"
    )


def zenml_chain(size: int) -> str:
    """The same for ZenML's local orchestrator."""
    return pipec_chain(size).replace("pipec.sdk", "zenml") + "\n\nchain()\n"


def metaflow_chain(size: int) -> str:
    """The same for Metaflow's local run, which has no calls: each step names the next."""
    names = ["start", *(f"add_{number}" for number in range(size - 2)), "end"]
    steps = "".join(
        f"    @step\n    def {name}(self):\n        self.value = {'0' if name == 'start' else 'self.value + 1'}\n"
        + (f"        self.next(self.{following})\n" if following else "")
        for name, following in zip(names, [*names[1:], ""], strict=True)
    )
    return f"from metaflow import FlowSpec, step\n\nclass Chain(FlowSpec):\n{steps}\nif __name__ == '__main__':\n    Chain()\n"


def fan_out(size: int) -> str:
    """A loop of `size` iterations over a list that a step gives, and a step that takes all results."""
    return (
        "from pipec.sdk import pipeline, step\n\n\n"
        f"@step(enable_cache=False)\ndef items() -> list[int]:\n    return list(range({size}))\n\n\n"
        "@step(enable_cache=False)\ndef double(item: int) -> int:\n    return item * 2\n\n\n"
        "@step(enable_cache=False)\ndef total(values: list[int]) -> int:\n    return sum(values)\n\n\n"
        "@pipeline\ndef fan() -> int:\n    return total([double(item) for item in items()])\n"
    )


FRAME = """
import numpy as np
import pandas as pd

from pipec.sdk import pipeline, step


@step(enable_cache=False)
def make() -> pd.DataFrame:
    return pd.DataFrame({f"c{n}": np.arange(12_500_000, dtype="float64") for n in range(10)})


@step(enable_cache=False)
def take(frame: pd.DataFrame) -> float:
    return float(frame["c3"].sum())


@pipeline
def large() -> float:
    return take(make())
"""


@dataclass
class Racer:
    """A command to time.

    Attributes:
        cpu: seconds of user and system time of the process and all that it waited for, by round.
        wall: seconds that went by.
    """

    name: str
    command: list[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    cpu: list[float] = field(default_factory=list[float])
    wall: list[float] = field(default_factory=list[float])
    fault: str = ""
    out: str = ""

    def run(self) -> None:
        """One round."""
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            self.command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            self.fault = ((done.stderr or done.stdout).strip().splitlines() or ["?"])[-1]
            return
        self.out = done.stdout.strip()
        self.wall.append(time.monotonic() - started)
        self.cpu.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def racer(name: str, python: str, folder: Path, source: str) -> Racer:
    """One contestant with its program in a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "program.py"
    file.write_text(source, encoding="utf-8")
    (folder / "pyproject.toml").touch()
    roots = {"PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in SOURCE_ROOTS)}
    if name == "pipec":
        script = "import sys; from pipec.compiler.cli import main; sys.exit(main())"
        return Racer(name, [sys.executable, "-c", script, "run", "program.py", "-q"], folder, roots)
    home = {"HOME": str(folder), "ZENML_CONFIG_PATH": str(folder / "zenml"), "ZENML_ANALYTICS_OPT_IN": "false"}
    arguments = ["run"] if name == "metaflow" else []
    return Racer(name, [python, "program.py", *arguments], folder, {**home, "USERNAME": "bench"})


CHAINS = {
    "plain": plain_chain,
    "pipec": pipec_chain,
    "kfp": kfp_chain,
    "zenml": zenml_chain,
    "metaflow": metaflow_chain,
}


def race(sizes: list[int], rounds: int, pythons: dict[str, str], folder: Path) -> None:
    """Run every contestant at every size in turn; print medians, what one more step costs, and ratios to pipec."""
    every = {
        (name, size): racer(name, python, folder / f"{name}-{size}", CHAINS[name](size))
        for name, python in pythons.items()
        for size in sizes
    }
    for number in range(rounds + 1):
        for one in every.values():
            if not one.fault:
                one.run()
            if number == 0:
                one.cpu.clear()
                one.wall.clear()
    costs: dict[str, float] = {}
    for name in pythons:
        medians = {size: statistics.median(every[name, size].cpu) for size in sizes if every[name, size].cpu}
        if len(medians) < len(sizes):
            print(f"  {name:<9} did not run: {next(every[name, size].fault for size in sizes)}")
            continue
        costs[name] = (medians[sizes[-1]] - medians[sizes[0]]) / (sizes[-1] - sizes[0])
        walls = {size: statistics.median(every[name, size].wall) for size in sizes}
        shown = ", ".join(f"{size} steps {medians[size]:.2f} s CPU {walls[size]:.2f} s wall" for size in sizes)
        print(f"  {name:<9} {shown}; one more step {costs[name] * 1000:.1f} ms CPU")
    for name, cost in costs.items():
        if name not in ("pipec", "plain") and costs.get("pipec"):
            print(f"  a step of {name} costs {cost / costs['pipec']:.1f} times one of pipec")


def alone(title: str, source: str, folder: Path) -> None:
    """Run a program with pipec once; print time and peak memory."""
    one = racer("pipec", sys.executable, folder, source)
    one.run()
    if one.fault:
        print(f"  {title}: did not run: {one.fault}")
        return
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"  {title}: {one.out}; {one.wall[0]:.1f} s wall, {one.cpu[0]:.1f} s CPU, largest process so far {peak:.0f} MiB"
    )
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[2, 20])
    parser.add_argument("--peer-python", action="append", default=[])
    parser.add_argument("--large", type=int)
    parser.add_argument("--frame", action="store_true")
    arguments = parser.parse_args()
    compile_bytecode()
    found = interpreters(arguments.peer_python)
    pythons = {"plain": sys.executable, "pipec": sys.executable}
    for name in ("kfp", "zenml", "metaflow"):
        python = next((one for one in found if has_module(one, name)), None)
        if python is None:
            print(f"{name}: not installed in any of the interpreters, left out")
        else:
            pythons[name] = python
    with tempfile.TemporaryDirectory(prefix="pipec-bench-") as name:
        folder = Path(name)
        if arguments.sizes:
            print("a chain of steps that do nothing:")
            race(arguments.sizes, arguments.rounds, pythons, folder)
        if arguments.large:
            print("pipec alone:")
            alone(f"a chain of {arguments.large}", pipec_chain(arguments.large), folder / "chain")
            alone(f"a fan-out of {arguments.large}", fan_out(arguments.large), folder / "fan")
        if arguments.frame:
            alone("a DataFrame of 1 GB between two steps", FRAME, folder / "frame")


if __name__ == "__main__":
    main()
