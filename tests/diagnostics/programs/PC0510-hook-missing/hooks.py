def tell_all() -> None:
    print()
