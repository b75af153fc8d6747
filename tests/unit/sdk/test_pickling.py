"""Steps and pipelines are pickled by name, so that another process finds them in the user's module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MODULE = """
from pipec.sdk import ResourceSettings, Schedule, pipeline, step

@step
def add(left: int, right: int = 1) -> int:
    return left + right

fast = add.with_options(enable_cache=False, settings={"resources": ResourceSettings(cpu_count=2)})

@pipeline
def total(value: int = 1) -> int:
    return add(value)

nightly = total.with_options(schedule=Schedule(cron_expression="0 0 * * *"))
"""

DUMP = """
import pickle, sys, user_steps as u
sys.stdout.buffer.write(pickle.dumps([u.add, u.fast, u.total, u.nightly]))
"""

LOAD = """
import pickle, sys
add, fast, total, nightly = pickle.load(sys.stdin.buffer)
import user_steps as u
assert add is u.add and total is u.total
assert fast.options == u.fast.options and fast is not add and fast(1) == 2
assert nightly.options == u.nightly.options and nightly.entrypoint(4) == 5
"""

POOL = """
import multiprocessing, user_steps as u
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(u.add, [1, 2]) == [2, 3]
"""


def run(code: str, folder: Path, given: bytes = b"") -> bytes:
    script = folder / "script.py"
    script.write_text(code)
    root = Path(__file__).parents[3] / "runtime"
    environment = {"PYTHONPATH": f"{root}:{folder}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, str(script)], input=given, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_another_process_finds_them(tmp_path: Path) -> None:
    (tmp_path / "user_steps.py").write_text(MODULE)
    pickled = run(DUMP, tmp_path)
    assert b"user_steps" in pickled
    run(LOAD, tmp_path, pickled)


def test_a_pool_calls_a_step(tmp_path: Path) -> None:
    (tmp_path / "user_steps.py").write_text(MODULE)
    run(POOL, tmp_path)
