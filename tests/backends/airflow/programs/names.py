"""Steps that are called like what the DAG file or Python needs, and others whose names Airflow does not take."""

from pipec.sdk import pipeline, step


@step
def task(number: int) -> int:
    return number + 1


@step(name="str")
def text(number: int) -> int:
    return number + 1


@step
def dag(number: int) -> int:
    return number + 1


@pipeline(name="names & things")
def names(number: int = 0) -> int:
    first = task(number)
    second = text(first)
    third = dag(second, id="class")
    fourth = dag(third, id="9 lives: é/..")
    return task(fourth, id="runpy")
