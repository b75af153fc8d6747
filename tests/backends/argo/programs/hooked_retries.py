import os

from pipec.sdk import StepRetryConfig, pipeline, step


def note(text: str) -> None:
    with open(os.environ["NOTES"], "a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def alarm(exception: BaseException) -> None:
    note(f"failure {type(exception).__name__} {exception}")


@step(retry=StepRetryConfig(max_retries=2))
def flaky() -> int:
    note("attempt")
    with open(os.environ["NOTES"], encoding="utf-8") as file:
        if len(file.readlines()) < 2:
            raise ValueError("not yet")
    return 1


@step(retry=StepRetryConfig(max_retries=1))
def fails(number: int) -> int:
    raise RuntimeError("always")


@pipeline(on_failure=alarm)
def hooked_retries():
    fails(flaky())
