from pipec.sdk import pipeline, step


@step(environment={"API_TOKEN": "51f0c2a9d3"})
def publish() -> None:
    print()


@pipeline
def training():
    publish()
