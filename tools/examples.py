"""Compiles every example to every target, in place: what is committed beside each example is what this writes.

python tools/examples.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
TARGETS = ("airflow", "kubeflow", "argo")


def main() -> int:
    """The exit status of the first compilation that fails, else 0."""
    for example in sorted(one for one in EXAMPLES.iterdir() if (one / "pyproject.toml").is_file()):
        print(f"{example.name}:", flush=True)
        for target in TARGETS:
            done = subprocess.run(
                [sys.executable, "-m", "pipec", "compile", "--target", target], cwd=example, check=False
            )
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
