from zenml import get_step_context, pipeline, step


def start(path: str) -> dict[str, str]:
    return {"path": path}


def succeeded() -> None:
    print("success")


def failed(exception: BaseException) -> None:
    print(f"failed: {exception}")


def clean() -> None:
    print("clean")


@step
def read() -> str:
    return str(get_step_context().pipeline_state)


@step(on_failure=failed)
def train(path: str) -> str:
    return path


@pipeline(
    on_init=start,
    on_init_kwargs={"path": "/data"},
    on_success=succeeded,
    on_failure=failed,
    on_cleanup=clean,
)
def hooked_pipeline():
    train(read())
