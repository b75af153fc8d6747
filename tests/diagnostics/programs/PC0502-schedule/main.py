from pipec.sdk import Schedule, pipeline, step


@step
def train() -> None:
    print()


@pipeline
def training():
    train()


training.with_options(schedule=Schedule(cron_expression="every day"))
