"""`python -m sim` in milliseconds: processes forked from one that has imported everything `sim` imports and has run none of it.

A test sees what it would see of a fresh interpreter: a process with its own id, folder and environment, which takes any signal and has an exit status
and two streams. Importing takes nearly a second of processor time, and most commands take less than that. What an interpreter or a library reads
while it starts (`PYTHONPATH`, `PYTHONHASHSEED`, the address of a tracing service) needs a real start: `tests.cli.command` sees to that.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import IO, NoReturn

ROOT = Path(__file__).parents[2]
FORKS = sys.platform == "linux"
"""Elsewhere a fork after so many imports may crash, and every command is started in an interpreter of its own."""
FIRST = "FORK_FIRST"
"""The variable that names a file of Python for a forked command to run before all else, as an interpreter runs `sitecustomize`."""


class Process:
    """One forked command; the part of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: list[str], *, cwd: Path, env: dict[str, str], stdin: IO[str] | None = None) -> None:
        self.args = arguments
        self.returncode: int | None = None
        sys.audit("subprocess.Popen", sys.executable, arguments, str(cwd), env)  # As starting any process does.
        pipes = [os.pipe() for _ in range(3)]
        with open(os.devnull) as nothing:
            theirs = [(stdin or nothing).fileno(), *(write for _, write in pipes)]
            _nursery().sendmsg([json.dumps([arguments, str(cwd), env]).encode()], [_rights(theirs)])
        for _, write in pipes:
            os.close(write)
        out, err, told = (read for read, _ in pipes)
        self.stdout, self.stderr = (os.fdopen(fd, encoding="utf-8") for fd in (out, err))
        self._told = os.fdopen(told, encoding="ascii")
        self.pid = int(self._line())

    def _line(self) -> str:
        line = self._told.readline()
        if not line:
            raise RuntimeError("the process that forks commands has died")
        return line

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        if self._wait(timeout) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            self.returncode = int(self._line())
            self._told.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; the rest of what it wrote."""
        texts = ["", ""]

        def read(at: int, stream: IO[str]) -> None:
            texts[at] = stream.read()
            stream.close()

        end = None if timeout is None else time.monotonic() + timeout
        readers = [threading.Thread(target=read, args=(at, stream), daemon=True) for at, stream in enumerate((self.stdout, self.stderr))]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if end is None else max(0.0, end - time.monotonic()))
        self.wait(None if end is None else max(0.0, end - time.monotonic()))
        return texts[0], texts[1]

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def _rights(descriptors: list[int]) -> tuple[int, int, bytes]:
    return socket.SOL_SOCKET, socket.SCM_RIGHTS, b"".join(fd.to_bytes(4, sys.byteorder) for fd in descriptors)


@cache
def _nursery() -> socket.socket:
    """Where to ask for a process. The forking process ends with this one, when the socket closes."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    keys = ("_API_KEY", "COLUMNS", "SIM_LOG")
    env = {name: value for name, value in os.environ.items() if not name.endswith(keys)}
    # One thread only: a process with several cannot be forked safely, and the arithmetic of NumPy starts one for each core.
    env |= {"PYTHONPATH": str(ROOT), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENBLAS_NUM_THREADS": "1"}
    # -P: the folder in which the tests were started is not on the path of a command.
    command = [sys.executable, "-P", "-m", "tests.cli.forks", str(theirs.fileno())]
    subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
    theirs.close()
    return ours


# --- the process that forks -----------------------------------------------------------------------------------------


def _import_all() -> None:
    """Everything a command may import, but for LiteLLM and Ray, which take seconds and which few of them need."""
    import importlib
    import pkgutil

    import sim

    for module in pkgutil.walk_packages(sim.__path__, "sim."):
        if module.name not in ("sim.__main__", "sim.pytest_plugin", "sim.engine.ray"):
            importlib.import_module(module.name)
    importlib.import_module("sim.cli.app").program()


def _serve(requests: socket.socket) -> None:
    """Fork a process for each request, and tell each one's pipe its process id and at last its exit status; returns in every forked process."""
    told: dict[int, int] = {}
    woken, wakes = socket.socketpair()
    woken.setblocking(False)
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(wakes.fileno())
    while True:
        ready, _, _ = select.select([requests, woken], [], [])
        if woken in ready:
            woken.recv(4096)
            _bury(told)
        if requests not in ready:
            continue
        request, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 4)
        if not request:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for end in (requests, woken, wakes):
                end.close()
            for fd in told.values():
                os.close(fd)
            _become(*json.loads(request), descriptors)
            return
        for fd in descriptors[:3]:
            os.close(fd)
        told[pid] = descriptors[3]
        os.write(told[pid], f"{pid}\n".encode())


def _bury(told: dict[int, int]) -> None:
    """Tell of every process that has ended."""
    while told:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        fd = told.pop(pid)
        with contextlib.suppress(BrokenPipeError):
            os.write(fd, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(fd)


def _become(arguments: list[str], cwd: str, env: dict[str, str], descriptors: list[int]) -> None:
    """Be the process that `python -m sim` starts with these arguments, in this folder and environment."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # Ignored where the tests were started by nohup.
    for at, fd in enumerate(descriptors[:3]):
        os.dup2(fd, at)
    for fd in descriptors:
        os.close(fd)
    # Anew, for the streams of the process that forks may be files, and these are pipes.
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path.insert(0, cwd)
    sys.argv = ["sim", *arguments]
    if first := env.get(FIRST):
        exec(Path(first).read_text(encoding="utf-8"), {})


def _main() -> NoReturn:
    import gc
    import runpy

    _import_all()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        runpy.run_module("sim", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _end(ended.code)
        raise
    sys.exit()


def _end(code: object) -> None:
    """End as an interpreter does, without freeing, module by module, all that was imported before the fork, which takes longer than most commands.

    Returns where a stream cannot be flushed or a message is still to be printed: for that, the interpreter's own end is needed.
    """
    import atexit
    import gc

    if not isinstance(code, int | None):
        return
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    gc.collect()  # What is said of tasks and coroutines that nobody waited for.
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    _main()
