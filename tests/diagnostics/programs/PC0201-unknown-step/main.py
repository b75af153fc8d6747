from pipec.sdk import pipeline, step


@step
def load_data() -> int:
    return 1


@pipeline
def training():
    laod_data()
    evaluate()
