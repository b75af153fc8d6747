import mark
import pandas  # a package of this project, under the name of a third party's
from pipec.sdk import ResourceSettings, pipeline, step
from steps import load
from steps.train import EPOCHS, Trainer, train

open("MARK", "a").write("main\n")
exec("open('MARK', 'a').write('exec')")
__import__("mark")
UNUSED = ResourceSettings(cpu_count=1)
RATES = [0.1 * rate for rate in range(3)]


@step(enable_cache=len(RATES) == 4)
def report(score: float, kind: Trainer) -> None:
    open("MARK", "a").write("report\n")


@pipeline
def training(epochs: int = EPOCHS):
    data = load()
    for rate in RATES:
        report(train(data, rate, epochs), Trainer.FAST)


if __name__ == "__main__":
    open("MARK", "a").write("run\n")
    training()
