"""How a file ends that cannot be run, or that Argo would not run."""

from __future__ import annotations


class Refused(Exception):
    """The file holds something that the interpreter does not know; nothing is guessed."""


class Broken(Exception):
    """Argo itself would reject this or end the node with an error."""


class Missing(Broken):
    """A variable is not there: Argo would ask again and again, so that the run never ends."""
