from zenml.pipelines import pipeline
from zenml.steps import step


@step
def load() -> int:
    return 1


@step
def train(data: int) -> None:
    print(data)


@pipeline
def training(loader, trainer):
    data = loader()
    trainer(data)


if __name__ == "__main__":
    training(loader=load(), trainer=train()).run()
