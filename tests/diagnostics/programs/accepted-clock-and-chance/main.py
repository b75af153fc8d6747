import logging
import random
from datetime import datetime

from pipec.sdk import pipeline, step

logger = logging.getLogger(__name__)


@step
def train(started: str, seed: int) -> None:
    print(started, seed)


@pipeline
def training():
    logger.info("start")
    print("start")
    train(datetime.now().isoformat(), random.randint(0, 9))
