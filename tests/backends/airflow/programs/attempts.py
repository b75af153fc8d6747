"""A step that succeeds in its third attempt; each attempt has a folder of its own."""

import os
from pathlib import Path

from pipec.sdk import StepRetryConfig, pipeline, step


@step(retry=StepRetryConfig(max_retries=3, delay=1, backoff=1))
def flaky() -> str:
    file = Path(os.environ["TRACE"])
    count = len(file.read_text()) if file.exists() else 0
    file.write_text("x" * (count + 1))
    if count < 2:
        raise RuntimeError(f"attempt {count}")
    return f"attempt {count}"


@pipeline
def attempts() -> str:
    return flaky()
