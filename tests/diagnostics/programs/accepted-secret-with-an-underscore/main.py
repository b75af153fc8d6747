from pipec.sdk import pipeline, step


@step(secrets=["AWS_credentials"])
def load() -> int:
    return 1


@pipeline(secrets=["aws_credentials"])
def training():
    load()
