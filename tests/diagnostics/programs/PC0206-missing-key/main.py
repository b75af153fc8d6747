from pipec.sdk import pipeline, step

RATES = {"small": 0.1}


@step
def train(rate: float) -> None:
    print(rate)


@pipeline
def training():
    train(RATES["large"])
