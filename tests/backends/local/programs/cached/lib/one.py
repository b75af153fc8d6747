def scale(number: int, factor: int) -> int:
    return number * factor
