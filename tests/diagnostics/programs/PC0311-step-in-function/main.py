from pipec.sdk import pipeline, step


@pipeline
def training():
    @step
    def train() -> None:
        print()

    train()
