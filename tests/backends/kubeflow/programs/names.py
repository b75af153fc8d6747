from pipec.sdk import pipeline, step


@step
def root(pipec_code: str, größe: int) -> str:
    return f"{pipec_code}{größe}"


@step
def the_driver(text: str) -> str:
    return text


@step
def a_step_with_a_name_that_is_so_long_that_no_argo_workflow_would_ever_take_it_as_it_is(text: str) -> str:
    return text


@pipeline(name="Überlang & odd_Name")
def names(pipec_code: str = "c", größe: int = 3) -> str:
    return a_step_with_a_name_that_is_so_long_that_no_argo_workflow_would_ever_take_it_as_it_is(
        the_driver(root(pipec_code, größe))
    )
