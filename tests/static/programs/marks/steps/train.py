import enum

import mark
import zenml

EPOCHS = 3


class Meta(type(enum.Enum)):
    def __new__(cls, *arguments, **keywords):
        open("MARK", "a").write("class\n")
        return super().__new__(cls, *arguments, **keywords)


class Trainer(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


def decorate(function):
    open("MARK", "a").write("decorator\n")
    return function


@zenml.step
def train(data: dict, rate: float, epochs: int, trainer: Trainer = Trainer.FAST) -> float:
    open("MARK", "a").write("train\n")
    return rate * epochs


@decorate
def never() -> None:
    pass
