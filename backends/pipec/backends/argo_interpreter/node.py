"""What a run leaves: nodes by name, as in the status of a Workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Object = dict[str, Any]

SUCCEEDED, FAILED, ERROR, SKIPPED, OMITTED = "Succeeded", "Failed", "Error", "Skipped", "Omitted"


@dataclass
class Outputs:
    """Parameters as text; artifacts as Argo describes them: `s3.key`, `archive`, `optional`."""

    parameters: dict[str, str] = field(default_factory=dict[str, str])
    artifacts: dict[str, Object] = field(default_factory=dict[str, Object])


@dataclass
class Node:
    """One node.

    Attributes:
        phase: `Succeeded`, `Failed`, `Error`, `Skipped` or `Omitted`.
        outputs: None where it was skipped or omitted.
        log: what the container printed.
        message: why it ended so.
        attempts: how many pods it took.
        children: the iterations of a loop, in order; None for everything else.
    """

    phase: str
    outputs: Outputs | None = None
    log: str = ""
    message: str = ""
    attempts: int = 1
    children: list[Node] | None = None
    template: str = ""
    exit_code: int = 0
    display: str = ""

    @property
    def is_failed(self) -> bool:
        """Whether it failed, in whichever way."""
        return self.phase in (FAILED, ERROR)


@dataclass
class Run:
    """A run at its end.

    Attributes:
        outputs: those of the entry point.
        nodes: by name, `main.train`; an iteration is `main.for-x.train(0:0)`.
        store: the folder of the artifact repository, keys as paths.
    """

    phase: str
    outputs: Outputs
    nodes: dict[str, Node]
    store: Path

    def artifact(self, name: str) -> Path:
        """Where the output artifact `name` of the run lies."""
        return self.store / str(self.outputs.artifacts[name]["s3"]["key"])


def flags(task: Mapping[str, Any], node: Node) -> dict[str, bool]:
    """What `depends` may ask about a node."""
    phases = [child.phase for child in node.children or []]
    return {
        "Succeeded": node.phase == SUCCEEDED,
        "Failed": node.phase == FAILED,
        "Errored": node.phase == ERROR,
        "Skipped": node.phase == SKIPPED,
        "Omitted": node.phase == OMITTED,
        "Daemoned": False,
        "AnySucceeded": SUCCEEDED in phases,
        "AllFailed": bool(phases) and all(phase == FAILED for phase in phases),
    }
