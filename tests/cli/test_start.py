"""What a command imports before it says what it was asked for, and the processor time that it takes to say it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARIES = ("torch", "torchvision", "optuna", "pandas", "matplotlib", "scipy", "numpy")
LOOP_SECONDS = 0.05
"""What the loop below takes on an idle core that starts the command in the seconds of this file."""
CHILD = """
import io, sys, time
from contextlib import redirect_stderr, redirect_stdout, suppress
begun = time.process_time()
sum(i * i for i in range(1_000_000))
loop = time.process_time() - begun
out = io.StringIO()
with suppress(SystemExit), redirect_stdout(out), redirect_stderr(out):
    from bench.cli import main
    main({arguments!r})
print(time.process_time() - loop, loop, *({libraries!r} & sys.modules.keys()))
assert {said!r} in out.getvalue(), out.getvalue()
"""


def started(arguments, said):
    """Processor seconds of the whole process, those of the loop in it, and the libraries that it has imported."""
    code = CHILD.format(arguments=arguments, libraries=set(LIBRARIES), said=said)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    seconds, loop, *libraries = done.stdout.split()
    return float(seconds), float(loop), set(libraries)


@pytest.mark.parametrize(
    ("arguments", "said", "needed"),
    [
        (["--help"], "throughput", set()),
        (["sweep", "--help"], "--outcome", set()),
        (["--version"], "ganbench 0.", set()),
        (["sweeep"], "Did you mean 'sweep'?", set()),
        (["sweep", "--wdth", "3"], "--width", set()),
        (["hacks"], "lecam", set()),
        (["hacks", "checklist"], "Batch discrimination", set()),
        (["hacks", "hinge_loss"], "Takes the place of: least_squares_loss", set()),
        (["hacks", "lecan"], "did you mean lecam?", set()),
        (["datasets"], "mnist5k", {"numpy"}),
        (["recipes"], "G 9,664,259 and D 25,901,953", set()),
        (["recipes", "dogan"], "did you mean dog-gan?", set()),
        (["sweep", "--width", "0"], "width 0: expected", set()),
        (["plan", "--hack", "adam_beta1.beta1=1.5"], "adam_beta1.beta1=1.5: expected", {"numpy"}),
        (["sweep", "--datasets", "mnist5"], "did you mean mnist5k?", {"numpy"}),
        (["run", "--dataset", "mnist5"], "did you mean mnist5k?", {"numpy"}),
        (["run", "--batch", "0"], "batch 0: expected", {"numpy"}),
        (["train", "--out", "o", "--batch", "0"], "batch 0: expected", set()),
        (["show", "best", "--name", "arms"], "train it:", {"numpy", "pandas", "scipy"}),
        (["export", "nope"], "no sweep named 'nope'", {"numpy", "pandas", "optuna"}),
        (["report", "nope"], "no runs at", {"numpy", "pandas", "scipy", "matplotlib"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_no_library_is_imported_before_it_is_needed(arguments, said, needed):
    assert started(arguments, said)[2] <= needed


@pytest.mark.parametrize(("arguments", "said", "seconds"), [(["--help"], "throughput", 0.3), (["hacks"], "lecam", 0.5)])
def test_looking_takes_a_moment(arguments, said, seconds):
    """By processor time, and on a machine that is busy or slow by as much more as a loop takes there."""
    shares = []
    for _ in range(3):
        taken, loop, _ = started(arguments, said)
        shares.append(taken / (seconds * max(1, loop / LOOP_SECONDS)))
    assert min(shares) < 1, shares
