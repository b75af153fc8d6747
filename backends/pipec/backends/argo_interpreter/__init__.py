"""Runs what is emitted for Argo without a cluster: the YAML itself is interpreted, each container is a local process.

It knows a documented subset of Argo Workflows and refuses the rest. Nothing here is shared with what writes the files.
"""

from pipec.backends.argo_interpreter.faults import Broken, Missing, Refused
from pipec.backends.argo_interpreter.node import Node, Outputs, Run
from pipec.backends.argo_interpreter.run import submit

__all__ = ["Broken", "Missing", "Node", "Outputs", "Refused", "Run", "submit"]
