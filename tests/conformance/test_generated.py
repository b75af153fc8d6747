"""Random programs on the local executor, held to plain Python: control flow, data flow, failures."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generated import agree, generated_programs
from pipec.backends.local import Options
from pipec.backends.local import run as run_locally
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from generated import Generated


def disagreement(case: Generated) -> str:
    """What is different where the program runs on this machine; empty if nothing is."""
    with tempfile.TemporaryDirectory(prefix="pipec-generated-") as folder:
        file = Path(folder) / "project/program.py"
        file.parent.mkdir()
        file.write_text(case.text, encoding="utf-8")
        options = Options(root=f"{folder}/store", jobs=2)
        result = run_locally(case.pipeline, file.parent, case.parameters, options=options)
    ids = {call.id for call in calls(case.pipeline.body)}
    ended = {
        instance: "succeeded" if state == "cached" else state
        for instance, state in result.operations.items()
        if instance.partition("@")[0] in ids
    }
    expected = (case.state, case.operations, case.outputs)
    found = (result.state, ended, result.outputs)
    return "" if found == expected else f"{found}\n{[each.message for each in result.failures]}"


def test_a_sample_agrees_with_plain_python() -> None:
    assert agree(2026, 30, disagreement) == {"succeeded": 18, "failed": 12}


def test_the_same_seed_gives_the_same_programs() -> None:
    first, again = ([str(case) for case in generated_programs(7, 20)] for _ in range(2))
    assert first == again
    assert len(set(first)) == 20


def test_a_disagreement_is_shrunk() -> None:
    def wrong(case: Generated) -> str:
        return "it fails" if case.state == "failed" else ""

    with pytest.raises(AssertionError) as raised:
        agree(1, 20, wrong)
    (said,) = (note for note in raised.value.__notes__ if note.startswith("from pipec.sdk import"))
    assert said.count("= call") <= 4


@pytest.mark.soak
def test_two_thousand_agree_with_plain_python() -> None:
    start = random.randrange(10**9)
    print("the first seed is", start)
    assert agree(start, 2_000, disagreement) == {"succeeded": 1_200, "failed": 800}
