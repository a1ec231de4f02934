"""`ganbench` with made-up runs: real plans, storage, locks and signals, but a run is a few numbers and takes no time.

    python tests/helpers/made_up.py sweep --preset smoke --storage postgresql://...

Where $MADE_UP_GATE names a file, no run ends before that file is there; a run takes $MADE_UP_SECONDS.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from pathlib import Path

from bench.errors import RunStopped
from bench.records.run import RunRecord, RunSpec
from bench.runner import sweep
from bench.runner.timing import Timed

GATE, SECONDS = "MADE_UP_GATE", "MADE_UP_SECONDS"


def record_of(spec: RunSpec, size: int = 500) -> RunRecord:
    """What a run of that spec leaves: always the same numbers, and a grid of about that many bytes."""
    luck = random.Random(spec.key)
    fids = {step: 50 * luck.random() + 1 for step in spec.checkpoints}
    return RunRecord(
        spec=spec,
        status="ok",
        scores={"fid": fids[spec.steps], "fid_last_third": fids[spec.steps], "fid_noise": 100.0, "fid_real": 0.5},
        reasons={},
        checkpoints=fids,
        curves={"step": [1, spec.steps], "d_loss": [luck.random(), luck.random()]},
        samples=b"\x89PNG" + luck.randbytes(size),
        protocol={"extractor": "none"},
        recipe={},
        environment={"versions": {}, "device": "cpu"},
        timing={"seconds": 1.0, "training_seconds": 0.5, "scoring_seconds": 0.5},
    )


class MadeUpWorker:
    """In place of `bench.runner.workers.Worker`."""

    size = 500

    def __init__(self, device: str) -> None:
        self.stopped = threading.Event()

    def run(self, spec, on_checkpoint=None, keep=None):
        gate = os.environ.get(GATE)
        while gate and not Path(gate).exists():
            if self.stopped.wait(0.02):
                raise RunStopped("stopped at the gate")
        time.sleep(float(os.environ.get(SECONDS, "0")))
        record = record_of(spec, self.size)
        for step, fid in record.checkpoints.items():
            on_checkpoint(step, fid)
        return record

    def seconds_per_step(self, spec):
        return Timed(0.001, 0.001)

    def stop(self):
        self.stopped.set()

    def close(self):
        pass

    kill = stop


def wait_for(condition, seconds=600):
    """What the condition gives once it gives anything; the limit is for what hangs, not for what is slow."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > until:
            raise TimeoutError("waited too long")
        time.sleep(0.05)
    return found


def main() -> None:
    import bench.cli.sweep

    sweep.Worker = MadeUpWorker
    bench.cli.sweep.write_report = lambda *_: "no report of runs that are made up"
    bench.cli.main()


if __name__ == "__main__":
    sys.exit(main())
