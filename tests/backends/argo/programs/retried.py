from pathlib import Path

from pipec.sdk import StepRetryConfig, pipeline, step


@step(retry=StepRetryConfig(max_retries=3, delay=1, backoff=2))
def flaky(path: str) -> int:
    count = len(Path(path).read_text()) if Path(path).exists() else 0
    Path(path).write_text("x" * (count + 1))
    if count < 2:
        raise RuntimeError(f"attempt {count}")
    return count


@pipeline
def retried(path: str = "counter") -> int:
    return flaky(path)
