from datetime import datetime

from zenml import pipeline, step
from zenml.config import CachePolicy


@step(cache_policy=CachePolicy(max_age_days=7, ignore_fields=["timestamp"]))
def process_data(timestamp: datetime, rows: int = 10) -> int:
    return rows


@step(enable_cache=False)
def train(rows: int) -> int:
    return rows


@pipeline(enable_cache=True)
def cached_pipeline():
    train(process_data(timestamp=datetime.now()))
