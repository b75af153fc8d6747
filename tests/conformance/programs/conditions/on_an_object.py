"""A condition over a result that no target could look into.

refused: PC0309
"""
from pipec.sdk import pipeline, step


@step
def load():
    return object()


@step
def use() -> int:
    return 1


@pipeline
def program() -> int:
    if load():
        return use()
    return 0
