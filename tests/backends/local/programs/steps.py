"""Steps that the tests of the local executor call. State that one leaves behind must not reach another."""

import os
import random
import signal
import sys
import time
from collections import Counter

SEEN = []
DRAWN_AT_IMPORT = random.random()


def load():
    return 5


def names():
    return ["b", "a", "c"]


def shout(x):
    return x.upper()


def join(xs):
    return "".join(xs)


def add(a, b):
    return a + b


def same(x):
    return x


def both():
    return 1, "two"


def count(word):
    """No JSON: only a step's own process may read it."""
    return Counter(word)


def total(counted):
    return sum(counted.values())


def counters(words):
    return [Counter(word) for word in words]


def boom(x=None):
    raise ValueError(f"no {x}")


def exit_hard(x=None):
    os._exit(7)


def exit_softly(x=None):
    sys.exit("bye")


def segfault(x=None):
    os.kill(os.getpid(), signal.SIGSEGV)


def out_of_memory(x=None):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def sleep_with_child(seconds, note):
    """A process of its own that must not outlive the step."""
    child = os.fork()
    if child == 0:
        time.sleep(seconds)
        with open(note, "w") as file:
            file.write("outlived")
        os._exit(0)
    time.sleep(seconds)


def leave_child(seconds, note):
    if os.fork() == 0:
        time.sleep(seconds)
        with open(note, "w") as file:
            file.write("outlived")
        os._exit(0)
    return "left"


def flaky(marks, good_at):
    """Fails until its attempt `good_at`; each attempt leaves a mark."""
    with open(marks, "a") as file:
        file.write(f"{time.time()}\n")
    with open(marks) as file:
        attempt = len(file.readlines())
    if attempt < good_at:
        raise RuntimeError(f"attempt {attempt}")
    return attempt


def mark(path, x=None):
    with open(path, "a") as file:
        file.write(f"{x}\n")
    return x


def leave_state(x=None):
    """Everything that a process can leave behind."""
    SEEN.append(x)
    os.environ["LEFT_BEHIND"] = "yes"
    os.chdir("/")
    random.seed(1)
    sys.path.insert(0, "/nowhere")
    return len(SEEN)


def see_state(after=None):
    return [SEEN, os.environ.get("LEFT_BEHIND"), os.path.basename(os.getcwd()), "/nowhere" in sys.path]


def draw(x=None):
    return random.random()


def variable(name):
    return os.environ.get(name)


def when(seconds):
    """Start and end, for what runs at once."""
    start = time.monotonic()
    time.sleep(seconds)
    return [start, time.monotonic()]


def speak(text):
    print(text)
    print("to stderr", file=sys.stderr)


def repeat(word, times):
    return word * times
