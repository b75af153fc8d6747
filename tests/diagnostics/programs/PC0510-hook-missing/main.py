from pipec.sdk import pipeline, step


@step
def train() -> None:
    print()


@pipeline(on_failure="hooks.tell", on_success=lambda: None)
def training():
    train()
