"""Commands that are steps: `CommandStep([…])` of the authoring API."""

from __future__ import annotations

import subprocess


def run(command: list[str] | str) -> None:
    """Runs a command in the step's container; a text is given to the shell.

    Raises:
        CalledProcessError: when its exit status is not 0.
    """
    subprocess.run(command, check=True, shell=isinstance(command, str))
