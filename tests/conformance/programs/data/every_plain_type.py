r"""What JSON can say, and what it cannot, arrives as it was sent.

run
  ran: make, look
  outputs: {"look": ["bool True", "int 9007199254740993", "float -0.0", "str \u00e9\u2028\ud83d\ude00", "NoneType None", "tuple (1, 'a')", "set {1}", "bytes b'\\x00\\xff'", "date datetime.date(2024, 2, 29)", "Decimal Decimal('1.10')", "dict {1: 'one', (2, 3): None}"]}
"""
import datetime
import decimal

from pipec.sdk import pipeline, step


@step
def make() -> list:
    return [
        True, 2**53 + 1, -0.0, "é\u2028\U0001f600", None, (1, "a"), {1}, b"\x00\xff",
        datetime.date(2024, 2, 29), decimal.Decimal("1.10"), {1: "one", (2, 3): None},
    ]


@step
def look(values: list) -> list[str]:
    return [f"{type(one).__name__} {one if isinstance(one, str) else repr(one)}" for one in values]


@pipeline
def program():
    return look(make())
