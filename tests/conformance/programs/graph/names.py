"""Names that some target dislikes: reserved words, upper case, long, beyond ASCII, alike.

run
  ran: and_, If, true, größe, train_model, Train_Model, a_name_that_is_far_longer_than_what_a_label_of_kubernetes_may_have_in_it_by_any_count, total
  outputs: {"total": 28}
"""
from pipec.sdk import pipeline, step


@step(name="and_")
def and_() -> int:
    return 1


@step
def If() -> int:
    return 2


@step
def true() -> int:
    return 3


@step
def größe() -> int:
    return 4


@step
def train_model() -> int:
    return 5


@step
def Train_Model() -> int:
    return 6


@step
def a_name_that_is_far_longer_than_what_a_label_of_kubernetes_may_have_in_it_by_any_count() -> int:
    return 7


@step
def total(numbers: list[int]) -> int:
    return sum(numbers)


@pipeline
def program() -> int:
    long = a_name_that_is_far_longer_than_what_a_label_of_kubernetes_may_have_in_it_by_any_count()
    return total([and_(), If(), true(), größe(), train_model(), Train_Model(), long])
