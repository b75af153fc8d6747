from pipec.sdk import step
from a import load


def normalise(value: int) -> int:
    return value + 1


@step
def train(data: int) -> int:
    return data
