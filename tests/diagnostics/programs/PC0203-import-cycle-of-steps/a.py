from pipec.sdk import step
from b import normalise


@step
def load() -> int:
    return normalise(3)
