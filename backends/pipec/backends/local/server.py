"""The fork server: a warm process that forks a child for each attempt of a step, under the interpreter of the steps.

    scheduler ── base ── branch (environment) ── branch (libraries) ── branch (a step's module) ── step
                                                                   │                           └── step
                                                                   └── branch (another module) ─── step

Every server does the same: it takes messages from the scheduler on a socket of its own, one JSON object a line.

    {"branch": {"paths": […], "environment": {…}, "libraries": […], "module": "steps.train"}}    with the new server's socket
    {"run": job, "function": "steps.train:train", "invocation": path, "log": path, "folder": path}

and answers `{"forked": pid}` to a branch, `{"started": job, "pid": …}`, `{"ended": job, "status": …, "signal": …, "seconds": …, "bytes": …}`. A
new branch says `{"ready": true}`, or false where the module cannot be imported ahead: it raises, or it starts threads,
which a fork would lose. Such steps are forked from the parent of that branch, and import for themselves.

Run as a script, with the folder of `pipec.runtime`'s parent and the number of the socket, or where there is no fork with
the message of the one attempt that it runs. Standard library alone.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import importlib
import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
import traceback
import types
from collections.abc import Generator
from typing import Any, NoReturn

CRASHED, FULL = 70, 74
"""Exit statuses of a fault of our own, and of a disk on which not even a log line finds room."""
_WARM = "runtime.execute runtime.store runtime.caching runtime.hooks runtime.materializers.registry sdk".split()
"""What nearly every step loads, most of it only when it is used."""
_REHEARSALS = 8
"""After so many calls Python 3.11 takes a function for one that is worth specialising."""


def main() -> None:
    """Serve until the scheduler goes away."""
    package, what = sys.argv[1:3]
    before = set(sys.modules)
    _prepare(package)
    if not what.isdecimal():
        run_once(json.loads(what), before)
    Server(socket.socket(fileno=int(what)), before).serve()


def run_once(message: dict[str, Any], before: set[str]) -> NoReturn:
    """Where there is no fork: this process is one attempt."""
    _extend_path(message["paths"], before)
    Server.step(Server(socket.socket(), before), message)


def _prepare(package: str) -> None:
    """Load the runtime without the user's folders, and without that of this script, on the path."""
    sys.path.pop(0)
    namespace = types.ModuleType("pipec")
    namespace.__path__ = [package]
    sys.modules["pipec"] = namespace
    for module in _WARM:
        importlib.import_module(f"pipec.{module}")
    importlib.import_module("pipec.runtime.imports").install()
    _rehearse()
    importlib.import_module("pipec.sdk.pipelines").__dict__["IS_STEP_PROCESS"] = True
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]


def _rehearse() -> None:
    """Run a step of ours a few times, before any child is forked.

    What Python looks up and specialises meanwhile lies in pages that each child would write to, and so copy, for itself:
    a quarter of what a small step costs.
    """
    execute = sys.modules["pipec.runtime.execute"].execute
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(prefix="pipec-") as folder:
        value = {"json": "{}"}
        for number in range(_REHEARSALS):
            place = {"parameter": f"{folder}/text.json", "artifact": f"{folder}/{number}"}
            about = {
                "version": 1,
                "pipeline": "rehearsal",
                "step": "value",
                "run": "0",
                "record": f"{folder}/record.json",
            }
            spec = {"function": "pipec.runtime.gates:value", "outputs": {"output": {"mirrored": True}}}
            execute({**about, "spec": spec, "slots": {"value": value}, "results": {"output": place}})
            value = {"artifact": place["artifact"]}


class Server:
    """One server: its channel to the scheduler and its children."""

    def __init__(self, channel: socket.socket, before: set[str]) -> None:
        """`before`: the modules that were there before those of pipec."""
        self.channel, self.before = channel, before
        self.jobs: dict[int, str] = {}
        self.passed: list[int] = []
        self.text = b""
        self.spoken = b""
        self.seeded: dict[str, Any] = {}
        self.has_threads = False

    def serve(self) -> None:
        """Take messages and reap children until the scheduler closes the channel."""
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.pipe = (reading, writing)
        while True:
            ready, _, _ = select.select([self.channel.fileno(), reading], [], [])
            if reading in ready:
                os.read(reading, 4096)
                self.reap()
            if self.channel.fileno() in ready and not self.receive():
                break
        for pid in self.jobs:
            _kill_group(pid)
        # Branches end as this one does; waited for, their CPU time counts for whoever waits for this one.
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)

    def receive(self) -> bool:
        """Carry out the messages that are there; False when the scheduler is gone."""
        try:
            data, passed, _, _ = socket.recv_fds(self.channel, 65536, 16)
        except OSError:
            return False
        self.passed += passed
        self.text += data
        *lines, self.text = self.text.split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "branch" in message:
                self.branch(message["branch"], self.passed.pop(0))
            else:
                self.run(message)
        return bool(data)

    def send(self, **event: Any) -> None:
        """Tell the scheduler."""
        try:
            self.channel.sendall(json.dumps(event).encode() + b"\n")
        except OSError:
            os._exit(1)  # it is gone; what still runs belongs to nobody and goes with its other end

    def reap(self) -> None:
        """Report the children that have ended, and end what they have left behind."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            job = self.jobs.pop(ended.si_pid, None)
            if job is not None:
                _kill_group(ended.si_pid)
            _, status, usage = os.wait4(ended.si_pid, 0)
            if job is not None:
                code = os.waitstatus_to_exitcode(status)
                self.send(
                    ended=job,
                    status=max(code, 0),
                    signal=max(-code, 0),
                    seconds=round(usage.ru_utime + usage.ru_stime, 6),
                    bytes=usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
                )

    def fork(self) -> int:
        """`os.fork`, which leaves the child without anything of this server's."""
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for descriptor in self.pipe:
                os.close(descriptor)
            self.channel.close()
            self.jobs = {}
        return pid

    def branch(self, what: dict[str, Any], descriptor: int) -> None:
        """Fork a server on a socket of its own, with another environment or a module imported."""
        pid = self.fork()
        if pid:
            os.close(descriptor)
            self.send(forked=pid)
            return
        self.channel, self.text, self.passed = socket.socket(fileno=descriptor), b"", []
        os.environ.update(what.get("environment", {}))
        _extend_path(what.get("paths", ()), self.before)
        is_ready = True
        if what.get("libraries"):
            self.preload(what["libraries"])
        if what.get("module"):
            is_ready = self.warm(what["module"], what.get("folder"))
        gc.collect()
        gc.freeze()
        self.send(ready=is_ready)
        self.serve()

    def preload(self, libraries: list[str]) -> None:
        """Import what several modules import, once for all of them."""
        for name in libraries:
            with contextlib.suppress(BaseException), _noting_seeds(self.seeded):
                importlib.import_module(name)
        _flush()
        self.has_threads = self.has_threads or _has_threads()

    def warm(self, module: str, folder: str | None) -> bool:
        """Import a step's module as the step itself would; what it prints, each of its steps will have printed."""
        if folder is not None:
            os.chdir(folder)
        reading = os.memfd_create("imports") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_RDWR)
        kept = os.dup(1), os.dup(2)
        os.dup2(reading, 1)
        os.dup2(reading, 2)
        try:
            with _noting_seeds(self.seeded):
                importlib.import_module(module)
            is_ready = not (_has_threads() or self.has_threads)
        except BaseException:
            is_ready = False
        _flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for each in kept:
            os.close(each)
        os.lseek(reading, 0, os.SEEK_SET)
        while part := os.read(reading, 65536):
            self.spoken += part
        os.close(reading)
        return is_ready

    def run(self, message: dict[str, Any]) -> None:
        """Fork a child for one attempt."""
        sys.modules["pipec.runtime.execute"].prepare(message["function"])
        pid = self.fork()
        if pid == 0:
            self.step(message)
        self.jobs[pid] = message["run"]
        # Both sides do it, so that neither can come too late.
        _lead_group(pid)
        self.send(started=message["run"], pid=pid)

    def step(self, message: dict[str, Any]) -> NoReturn:
        """The child: one attempt, in a process group of its own, its output in its log."""
        status = CRASHED
        try:
            _lead_group(0)
            if hasattr(signal, "SIGCHLD"):
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.redirect(message["log"])
            os.chdir(message["folder"])
            self.reseed()
            with open(message["invocation"], "rb") as file:
                document = json.load(file)
            status = sys.modules["pipec.runtime.execute"].execute(document)
            _finish()
        except BaseException as problem:
            status = FULL if _is_full(problem) else CRASHED
            with contextlib.suppress(OSError):
                traceback.print_exc()
        finally:
            _flush()
            os._exit(status)

    def redirect(self, log: str) -> None:
        """Standard input from nowhere, output to the log, after what the imports have printed."""
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        os.close(nowhere)
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(written, 1)
        os.dup2(written, 2)
        os.close(written)
        if self.spoken:
            os.write(1, self.spoken)

    def reseed(self) -> None:
        """Draws as in a fresh process: of a seed that the module set, else of chance, never those of a sibling."""
        if "random" in self.seeded:
            random.setstate(self.seeded["random"])
        numpy_random = sys.modules.get("numpy.random")
        if numpy_random is not None:
            generator = numpy_random.mtrand._rand._bit_generator
            # A generator that the user has seeded has no sequence of chance behind it.
            if getattr(generator, "_seed_seq", None) is not None:
                numpy_random.seed()


@contextlib.contextmanager
def _noting_seeds(seeded: dict[str, Any]) -> Generator[None]:
    """Keep the state of `random` if somebody seeds it meanwhile: a fork seeds it anew."""
    seed = random.seed

    def noted(*arguments: Any, **options: Any) -> None:
        seeded["random"] = None
        seed(*arguments, **options)

    random.seed = noted
    try:
        yield
    finally:
        random.seed = seed
        if "random" in seeded:
            seeded["random"] = random.getstate()


def _extend_path(paths: list[str], before: set[str]) -> None:
    """The user's folders first; a module of theirs may be called like one of the standard library."""
    for path in reversed(paths):
        for entry in os.listdir(path):
            name = entry.removesuffix(".py")
            if name in sys.stdlib_module_names and name not in before and name != "random":
                for shadowed in [each for each in sys.modules if each == name or each.startswith(name + ".")]:
                    del sys.modules[shadowed]
        sys.path.insert(0, path)


def _lead_group(pid: int) -> None:
    # It has ended already, has done so itself, or there are no groups here.
    with contextlib.suppress(OSError, AttributeError):
        os.setpgid(pid, pid)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def _is_full(problem: BaseException | None) -> bool:
    """Whether it comes from a full disk or quota."""
    while problem is not None:
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def _has_threads() -> bool:
    """Whether threads run; who has not imported `threading`, which costs every fork some, has none."""
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def _finish() -> None:
    """What the interpreter does at its end, but for taking itself apart."""
    shutdown: Any = getattr(sys.modules.get("threading"), "_shutdown", None)
    if shutdown is not None:
        shutdown()
    run_exits: Any = getattr(atexit, "_run_exitfuncs", None)
    if run_exits is not None:
        run_exits()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue


if __name__ == "__main__":
    main()
