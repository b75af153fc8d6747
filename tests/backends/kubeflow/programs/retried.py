import pathlib

from pipec.sdk import StepRetryConfig, get_step_context, pipeline, step


def given_up() -> None:
    with pathlib.Path("notes.txt").open("a") as file:
        file.write("given up\n")


@step
def numbers(n: int) -> list[int]:
    return list(range(n))


@step(retry=StepRetryConfig(max_retries=2), on_failure=given_up)
def third(n: int) -> int:
    """Succeeds at the third attempt."""
    marks = pathlib.Path(f"marks-{n}")
    marks.mkdir(exist_ok=True)
    count = len(list(marks.iterdir()))
    (marks / str(count)).touch()
    if count < 2:
        raise ValueError(f"attempt {count + 1} of {n}")
    return n * 10 + count


@step
def show(results: list[int]) -> str:
    return f"{results}"


@pipeline
def retried(n: int = 2) -> str:
    """KFP retries outside loops, the runtime inside."""
    third(7)
    results = []
    for i in numbers(n):
        results.append(third(i))
    return show(results)
