"""Worker processes: each trains one run at a time, on one thread, and only talks to the process that started it.

Workers never touch the storage. A worker that dies costs the run it was making, which its owner makes again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from bench.errors import Halted, RunStopped, UserError
from bench.records.run import RunRecord, RunSpec
from bench.runner.memory import environment, return_memory, worker_environment

if TYPE_CHECKING:
    from bench.runner.timing import Timed

TIMED_STEPS, TIMED_BLOCKS = 6, 5
STOP = ("stop",)
PATIENCE_SECONDS = 5
"""How long an idle worker may take to notice that its owner is done with it."""


class WorkerDied(RuntimeError):
    """The process ended in the middle of a run: killed, out of memory, or the machine is going down."""


class RunFailed(RuntimeError):
    """The run raised something unexpected; the message is the traceback from the worker."""


_PROBLEMS: dict[str, type[Exception]] = {
    "refused": UserError,
    "failed": RunFailed,
    "stopped": RunStopped,
    "halted": Halted,
}
_SENT = tuple(_PROBLEMS.values())


class Worker:
    """One process that makes runs. Not thread-safe: each belongs to the thread that drives it.

    Args:
        device: where the networks live.
        threads: torch threads of the process; two workers of one thread beat one worker of two.
    """

    def __init__(self, device: str = "auto", threads: int = 1) -> None:
        self._arguments = (device, threads)
        self._process: multiprocessing.Process | None = None
        self._pipe: Connection | None = None

    def run(
        self, spec: RunSpec, on_checkpoint: Callable[[int, float], None] | None = None, keep: Path | None = None
    ) -> RunRecord:
        """Make the run in the process; `keep` is the file that holds it on its way.

        Raises:
            WorkerDied: the process ended on the way; the next call starts a new one.
            RunFailed: the run raised something unexpected.
            RunStopped: `stop` was called.
            Halted: the disk refused to keep the run.
            UserError: the spec cannot be run.
        """
        return self._ask("run", spec, keep, on_checkpoint=on_checkpoint)

    def stop(self) -> None:
        """Ask the run in the making to be kept and to stop; from any thread."""
        with suppress(OSError, AttributeError):
            self._pipe.send(STOP)

    def seconds_per_step(self, spec: RunSpec) -> Timed:
        """Measured wall seconds of one training step and of one evaluation of the spec."""
        return self._ask("time", spec)

    def start(self) -> None:
        """Start the process if there is none; it imports its libraries while the caller goes on."""
        if self._process is not None and self._process.is_alive():
            return
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        with environment(worker_environment()), _without_main():
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Process id while the process lives."""
        return self._process.pid if self._process is not None and self._process.is_alive() else None

    def kill(self) -> None:
        """End the process at once; a run in the making raises WorkerDied in its caller."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Let an idle process end by itself, end a busy one, and give their resources back."""
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.join(timeout=PATIENCE_SECONDS)
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None

    def _ask(self, *task: Any, on_checkpoint: Callable[[int, float], None] | None = None) -> Any:
        try:
            self.start()
            self._pipe.send(task)
            while True:
                kind, content = self._pipe.recv()
                if kind == "checkpoint":
                    if on_checkpoint:
                        on_checkpoint(*content)
                    continue
                if kind in _PROBLEMS:
                    raise _PROBLEMS[kind](content)
                return content
        except (EOFError, ConnectionError) as gone:
            self.close()
            raise WorkerDied("the worker process ended in the middle of a run") from gone
        except _SENT:
            raise
        except BaseException:
            # The caller's own function failed while the process works on: what it sends later answers no question.
            self.kill()
            self.close()
            raise


@contextmanager
def _without_main() -> Iterator[None]:
    """Have a process that is started run nothing of the program that starts it.

    A script that calls `bench.sweep` without asking whether it is the main module would begin a sweep in each worker.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _serve(pipe: Connection, device: str, threads: int) -> None:
    """What the process does: take a task, do it, send what came out, until the owner is gone."""
    # Ctrl-C reaches the whole process group; the owner decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    from bench.runner.run import run
    from bench.runner.timing import time_run

    torch.set_num_threads(threads)

    def make(spec: RunSpec, keep: Path | None) -> RunRecord:
        # The owner sends nothing during a run but the wish to stop it, or is gone: both end the run.
        checkpoint = lambda *at: pipe.send(("checkpoint", at))  # noqa: E731
        return run(spec, device=device, on_checkpoint=checkpoint, keep=keep, should_stop=pipe.poll)

    timed = partial(time_run, device=device, steps=TIMED_STEPS, blocks=TIMED_BLOCKS)
    tasks = {"run": make, "time": timed}
    while True:
        try:
            task, *arguments = pipe.recv()
            if task in tasks:
                pipe.send(_answer(tasks[task], arguments))
                return_memory()
        except (EOFError, ConnectionError):
            return


def _answer(task: Callable[..., Any], arguments: list[Any]) -> tuple[str, Any]:
    """What came out of a task, as it is sent to the owner."""
    try:
        return "done", task(*arguments)
    except ConnectionError:
        raise
    except UserError as refused:
        return "refused", str(refused)
    except RunStopped as stopped:
        return "stopped", str(stopped)
    except OSError as problem:
        return "halted", str(problem)
    except Exception:
        return "failed", traceback.format_exc()
