OFFSET = 1


def shift(number: int) -> int:
    return number + OFFSET
