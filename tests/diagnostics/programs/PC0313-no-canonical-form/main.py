from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo
from pipec.sdk import pipeline, step
@step
def take(a: object) -> None:
    print(a)
@pipeline
def p():
    take(Fraction(1, 3))
    take(datetime(2026, 3, 1, tzinfo=ZoneInfo("Europe/Rome")))
    take(b"x")
    take(10**5000)
