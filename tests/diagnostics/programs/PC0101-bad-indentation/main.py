from pipec.sdk import pipeline


@pipeline
def training():
pass
