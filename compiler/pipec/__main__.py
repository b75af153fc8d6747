"""``python -m pipec``: the same as the command ``pipec``."""

from __future__ import annotations

import sys

from pipec.compiler.cli import main

if __name__ == "__main__":
    sys.exit(main())
