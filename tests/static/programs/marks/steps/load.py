import mark
from zenml import step

mark.seen = True


@step
def load() -> dict:
    import mark

    return {"mark": mark.__name__}
