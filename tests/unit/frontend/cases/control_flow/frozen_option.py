from steps import anything, count, load, log, names, numbers, report, score, split, train

from pipec.sdk import pipeline, unmapped


@pipeline
def p(cached: bool = False):
    train.with_options(enable_cache=cached)(1)
