import logging

from pipec.sdk import ResourceSettings, pipeline, step

logger = logging.getLogger(__name__)


@step(settings={"resources": ResourceSettings(cpu_count=2, min_replicas=1)})
def train() -> int:
    return 1


@pipeline
def training():
    try:
        score = train()
        return score
    except Exception as error:
        logger.error("failed: %s", error)
        raise
