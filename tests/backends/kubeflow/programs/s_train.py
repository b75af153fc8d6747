from pipec.sdk import pipeline, step


@step
def train(n: int) -> int:
    return n + 1


@pipeline(name="s-train")
def s_train() -> int:
    """A pipeline whose name is that of a component of ours."""
    return train(train(train(0)))
