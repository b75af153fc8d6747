"""Runs pipelines on this machine: `run(pipeline, project_root, parameters)`.

`pipec.runtime` executes the steps, in processes of their own; nothing of the user's is imported in this one.
"""

from __future__ import annotations

from pipec.backends.local.options import CannotRun as CannotRun
from pipec.backends.local.options import Options as Options
from pipec.backends.local.result import Failure as Failure
from pipec.backends.local.result import RunResult as RunResult
from pipec.backends.local.run import run as run
