"""A step takes too long, with a process that it has started."""

import os
import subprocess
import sys
import time
from pathlib import Path

from pipec.sdk import pipeline, step


@step(timeout=8)
def slow() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(os.environ["TRACE"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)


@pipeline(timeout=3600)
def timed() -> None:
    slow()
