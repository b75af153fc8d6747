from steps import EPOCHS

RATE = 0.1 / EPOCHS
