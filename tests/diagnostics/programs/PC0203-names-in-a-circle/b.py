from a import RATE
