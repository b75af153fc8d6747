from pipec.sdk import Schedule, pipeline, step


@step
def tick(word: str) -> str:
    return word


@pipeline
def scheduled(word: str = "tock") -> str:
    return tick(word)


scheduled = scheduled.with_options(schedule=Schedule(cron_expression="0 3 * * *", timezone="Europe/Berlin"))

if __name__ == "__main__":
    scheduled()
