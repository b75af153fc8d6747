from zenml import pipeline, step
from zenml.config import DockerSettings

docker_settings = DockerSettings(requirements=["pandas==2.2.0"], parent_image="tensorflow/tensorflow:2.15.0")


@step
def train() -> float:
    return 0.5


@pipeline(settings={"docker": docker_settings})
def container_pipeline():
    train()
