from pipec.sdk import pipeline, step


@step(settings={"orchestrator.sagemaker": {"instance_type": "ml.m5.large"}})
def load() -> int:
    return 1


@step(settings={"orchestrator.kubernetes": {"pod_settings": {"labels": {"team": "a"}}}})
def train(x: int) -> int:
    return x


@pipeline(settings={"deployment": {"app_title": "t"}, "orchestrator.argo": {}, "experiment_tracker.mlflow": {"nested": True}})
def training():
    train(load())
