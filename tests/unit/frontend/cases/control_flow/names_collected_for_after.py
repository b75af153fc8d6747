from steps import count, load, log, names, report, score, split, train

from pipec.sdk import pipeline


@pipeline
def p(space: dict[str, dict[str, str]]):
    after = []
    for name, config in space.items():
        step_name = f"search_{name}"
        train(config["package"], config["cls"], id=step_name)
        log(name, after=[step_name])
        after.append(step_name)
    report(after, after=after)
    log("done", after=[*after, "report"])
