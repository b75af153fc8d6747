"""The steps, re-exported so that a pipeline imports them from one place."""

from .evaluate import evaluate as evaluate
from .evaluate import report as report
from .load import load as load
from .prepare import split as split
from .train import train as train
