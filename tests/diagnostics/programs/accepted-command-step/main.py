from pipec.sdk import CommandStep, pipeline

clean = CommandStep(command=["rm", "-rf", "/tmp/work"])


@pipeline
def cleaning():
    clean()
    CommandStep(["echo", "done"], environment={"A": "b"})(after="CommandStep")
