"""The processes that run steps: fork servers as branches of one tree, or where there is no fork a process for each step.

A step runs in a child of the server that has its environment and has imported its module. Servers are made when a step
first needs one, those used least are ended when there are many.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HAS_FORK = hasattr(os, "fork")
_MOST_SERVERS = 24
_SERVER = Path(__file__).with_name("server.py")


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt to start.

    Attributes:
        id: unique in the run.
        module: that the step's function is in.
        function: `module:name` of it.
        invocation: path of the invocation document.
        log: path of the file for what it prints.
        environment: variables of the step, over those of this process.
        libraries: third-party modules that its module imports, where they may be imported ahead of it.
        python: interpreter; by default this one.
    """

    id: str
    module: str
    function: str
    invocation: str
    log: str
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    libraries: tuple[str, ...] = ()
    python: str = sys.executable


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process of a job ended.

    Attributes:
        job: its id.
        status: exit status; 0 with a signal.
        signal: that killed it, or 0.
        seconds: CPU time.
        bytes: most memory that it had at once.
        is_lost: its fork server died, so that nothing is known.
    """

    job: str
    status: int
    signal: int = 0
    seconds: float = 0.0
    bytes: int = 0
    is_lost: bool = False


class _Server:
    """This side of one fork server."""

    def __init__(self, channel: socket.socket, key: object, parent: _Server | None) -> None:
        self.channel, self.key, self.parent = channel, key, parent
        self.jobs: dict[str, tuple[Job, int]] = {}
        self.waiting: list[Job] = []
        self.branches: list[_Server] = []
        self.pid = 0
        self.text = b""
        # A branch says whether it is ready; the base is ready at once.
        self.is_ready: bool | None = True if parent is None else None
        self.used = 0

    def send(self, message: Mapping[str, Any], *passed: int) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            if passed:
                sent = socket.send_fds(self.channel, [data], list(passed))
                data = data[sent:]
            self.channel.sendall(data)
        except OSError:
            return  # its end is noticed where its events are read


class Workers:
    """Starts jobs and tells how they ended.

    Args:
        folder: working directory of steps.
        paths: the user's folders, for `sys.path`.
        package: the folder of `pipec.runtime`'s parent package.
        is_forking: whether to fork; by default where there is fork.
    """

    def __init__(self, folder: Path, paths: tuple[str, ...], package: str, is_forking: bool = HAS_FORK) -> None:
        self.folder, self.paths, self.package, self.is_forking = folder, list(paths), package, is_forking
        self.selector = selectors.DefaultSelector()
        self.servers: dict[object, _Server] = {}
        self.bases: list[subprocess.Popen[bytes]] = []
        self.libraries: dict[object, dict[frozenset[str], _Server]] = {}
        self.cold: set[object] = set()
        self.spawned: dict[str, subprocess.Popen[bytes]] = {}
        self.clock = 0
        self.killed: set[str] = set()
        self.told: list[Ended] = []

    def start(self, job: Job) -> None:
        """Start an attempt; `poll` tells its end."""
        if not self.is_forking:
            self._spawn(job)
            return
        self._give(self._server_for(job), job)

    def poll(self, timeout: float | None) -> Iterator[Ended]:
        """Wait for at most `timeout` seconds; the jobs that have ended by then."""
        if self.told:
            told, self.told = self.told, []
            yield from told
            timeout = 0.0
        if self.spawned:
            timeout = 0.02 if timeout is None else min(timeout, 0.02)
        ready = self.selector.select(timeout)
        for key, _ in ready:
            if isinstance(key.data, _Server):
                yield from self._read(key.data)
            elif key.data is not None:
                key.data()
        for id_, process in [*self.spawned.items()]:
            status = process.poll()
            if status is not None:
                del self.spawned[id_]
                yield Ended(id_, max(status, 0), max(-status, 0))

    def kill(self, job: str) -> None:
        """End a job's process group; its end is told like any other."""
        self.killed.add(job)
        if job in self.spawned:
            process = self.spawned[job]
            if hasattr(os, "killpg"):
                _kill_group(process.pid)
            process.kill()
            return
        for server in [*self.servers.values()]:
            if job in server.jobs:
                pid = server.jobs[job][1]
                if pid:
                    _kill_group(pid)
                else:  # the server still imports
                    self.told.append(Ended(job, 0, signal.SIGKILL))
                    self._cool(server, [each for each in server.waiting if each.id != job])
                return

    def close(self) -> None:
        """End everything that still runs."""
        for process in self.spawned.values():
            process.kill()
            process.wait()
        for server in [*self.servers.values()]:
            for _, pid in server.jobs.values():
                if pid:
                    _kill_group(pid)
            self.selector.unregister(server.channel)
            server.channel.close()
        self.servers = {}
        for base in self.bases:
            try:
                base.wait(5)
            except subprocess.TimeoutExpired:
                base.kill()
                base.wait()
        self.selector.close()

    def _server_for(self, job: Job) -> _Server:
        environment = tuple(sorted(job.environment.items()))
        home = (job.python, environment)
        warm = (*home, job.module)
        key = home if warm in self.cold else warm
        if key not in self.servers:
            base = self.servers.get(job.python) or self._base(job.python)
            parent = self.servers.get(home)
            if parent is None:
                parent = self._branch(base, home, {"environment": dict(environment), "paths": self.paths})
            if key is warm:
                shared = self._libraries(parent, home, job)
                self._branch(shared, warm, {"module": job.module, "folder": str(self.folder)})
        self.clock += 1
        server = self.servers[key]
        server.used = self.clock
        self._retire()
        return server

    def _libraries(self, home: _Server, key: tuple[object, ...], job: Job) -> _Server:
        """The server that has imported the libraries of a step, and nothing that is not among them."""
        wanted = frozenset(job.libraries)
        if not wanted:
            return home
        known = self.libraries.setdefault(key, {})
        if wanted not in known or known[wanted].key not in self.servers:
            smaller = [each for each in known if each < wanted and known[each].key in self.servers]
            parent = known[max(smaller, key=len)] if smaller else home
            known[wanted] = self._branch(parent, (*key, wanted), {"libraries": sorted(wanted)})
        return known[wanted]

    def _base(self, python: str) -> _Server:
        ours, theirs = socket.socketpair()
        command = [python, str(_SERVER), self.package, str(theirs.fileno())]
        try:
            process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,  # an interrupt from the terminal is for the scheduler
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self.bases.append(process)
        return self._add(_Server(ours, python, None))

    def _branch(self, parent: _Server, key: object, what: Mapping[str, Any]) -> _Server:
        ours, theirs = socket.socketpair()
        parent.send({"branch": what}, theirs.fileno())
        theirs.close()
        branch = self._add(_Server(ours, key, parent))
        parent.branches.append(branch)
        return branch

    def _add(self, server: _Server) -> _Server:
        self.servers[server.key] = server
        self.selector.register(server.channel, selectors.EVENT_READ, server)
        return server

    def _give(self, server: _Server, job: Job) -> None:
        server.jobs[job.id] = (job, 0)
        message = {
            "run": job.id,
            "function": job.function,
            "invocation": job.invocation,
            "log": job.log,
            "folder": str(self.folder),
        }
        if server.is_ready is None:
            server.waiting.append(job)
            return
        server.send(message)

    def _read(self, server: _Server) -> Iterator[Ended]:
        if server.key not in self.servers:
            return
        try:
            data = server.channel.recv(65536)
        except OSError:
            data = b""
        if not data:
            yield from self._lost(server)
            return
        *lines, server.text = (server.text + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            if "forked" in event:
                server.branches.pop(0).pid = event["forked"]
            elif "ready" in event:
                self._became_ready(server, event["ready"])
            elif "started" in event:
                id_ = event["started"]
                server.jobs[id_] = (server.jobs[id_][0], event["pid"])
                if id_ in self.killed:
                    _kill_group(event["pid"])
            else:
                del server.jobs[event["ended"]]
                yield Ended(event["ended"], event["status"], event["signal"], event["seconds"], event["bytes"])

    def _became_ready(self, server: _Server, is_ready: bool) -> None:
        server.is_ready = True
        waiting, server.waiting = server.waiting, []
        if is_ready:
            for job in waiting:
                self._give(server, job)
            return
        self._cool(server, waiting)

    def _cool(self, server: _Server, jobs: list[Job]) -> None:
        """The server cannot run its steps: they import for themselves from now on."""
        self.cold.add(server.key)
        for job in jobs:
            del server.jobs[job.id]
        self._end(server)
        for job in jobs:
            self.start(job)

    def _lost(self, server: _Server) -> Iterator[Ended]:
        """A server died: of a module that ends its process when it is imported, or killed from outside."""
        self._end(server)
        if server.is_ready is None and server.parent is not None and server.parent.key in self.servers:
            killed = [job for job in server.waiting if job.id in self.killed]
            self.cold.add(server.key)
            for job in server.waiting:
                if job not in killed:
                    self.start(job)
            yield from (Ended(job.id, 0, signal.SIGKILL) for job in killed)
            return
        for _, pid in server.jobs.values():
            if pid:
                _kill_group(pid)
        yield from (Ended(id_, 0, is_lost=True) for id_ in server.jobs)

    def _end(self, server: _Server) -> None:
        if self.servers.pop(server.key, None) is None:
            return
        self.selector.unregister(server.channel)
        server.channel.close()
        if server.is_ready is None and server.pid:
            _kill(server.pid)  # its import may never end

    def _retire(self) -> None:
        """End the idle servers that were used least, where there are many."""
        if len(self.servers) <= _MOST_SERVERS:
            return
        parents = {id(server.parent) for server in self.servers.values()}
        idle = [one for one in self.servers.values() if not one.jobs and id(one) not in parents and one.parent]
        if idle:
            self._end(min(idle, key=lambda one: one.used))

    def _spawn(self, job: Job) -> None:
        message = {"invocation": job.invocation, "log": job.log, "folder": str(self.folder), "paths": self.paths}
        self.spawned[job.id] = subprocess.Popen(
            [job.python, str(_SERVER), self.package, json.dumps(message)],
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            env={**os.environ, **job.environment},
            start_new_session=True,
        )


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return  # it has ended


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return  # it has ended
