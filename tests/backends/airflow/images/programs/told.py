"""What a container finds in its environment."""

import json
import os

from pipec.sdk import pipeline, step


@step(
    secrets=["tracker"],
    environment={"PLAIN": "{{ var.value.x }} $(PATH) $5", "LATER": os.environ.get("NOT_THERE", "fallback {{ x }}")},
)
def look() -> str:
    names = ("KEY", "NUMBER", "TOKEN", "PLAIN", "LATER")
    found: dict[str, object] = {name: os.environ.get(name) for name in names}
    found["invocation"] = [name for name in os.environ if name.startswith("PIPEC_INVOCATION")]
    return json.dumps(found)


@step
def count(text: str) -> int:
    return len(text)


@pipeline
def told() -> int:
    return count(look())
