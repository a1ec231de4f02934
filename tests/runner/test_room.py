"""Memory: what cannot fit is refused before anything is written; running out of it is told in a line."""

import pytest
import torch
from torch import nn

import hacks
from bench.cli import main
from bench.errors import UserError
from bench.gan.backbone import dcgan, mlp
from bench.gan.footprint import footprint
from bench.gan.game import Game
from bench.gan.loop import advance
from bench.records.budget import Budget
from bench.records.run import RunSpec
from bench.runner import room
from bench.runner.run import build_discriminator, build_generator, run
from hacks import Recipe

CPU = torch.device("cpu")


def parameters_of(backbone):
    networks = (build(backbone, Recipe(), 0) for build in (build_generator, build_discriminator))
    return sum(parameter.numel() for network in networks for parameter in network.parameters())


def test_weights_are_four_times_the_parameters_with_adam():
    backbone = dcgan(28, 1, 8)
    found = footprint(backbone, Recipe(), 64).weights
    assert 0 <= found - 16 * parameters_of(backbone) < 1000  # and the number of steps, once for each tensor


def test_activations_are_at_least_what_goes_into_the_layers():
    taken = []
    backbone = mlp(2, width=8)
    discriminator = build_discriminator(backbone, Recipe(), 0)
    for layer in discriminator.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_pre_hook(lambda _, given: taken.append(given[0].nbytes))
    discriminator(torch.zeros(16, 2, 1, 1))
    assert len(taken) > 1
    at_16, at_32 = (footprint(backbone, Recipe(), batch).activations for batch in (16, 32))
    assert 2 * sum(taken) <= at_16 <= 10 * sum(taken)  # the latter with G, whose latents have 100 numbers
    assert at_32 == 2 * at_16
    assert footprint(backbone, Recipe(), 32, precision="bf16").activations == at_16


@pytest.mark.skipif(not torch.cuda.is_available(), reason="only CUDA tells the peak of what was taken")
def test_it_is_a_lower_bound_on_a_gpu():
    images = torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8)
    backbone = dcgan(28, 1, 32)
    torch.cuda.reset_peak_memory_stats()
    advance(Game(Recipe(), backbone, images, seed=0, batch=512, device="cuda"), 2)
    peak = torch.cuda.max_memory_allocated()
    assert 0.3 * peak < footprint(backbone, Recipe(), 512).total <= peak


@pytest.mark.parametrize("name", hacks.names())
def test_every_hack_has_a_footprint(name):
    recipe = hacks.apply(Recipe(), {name: True, **dict.fromkeys(hacks.get(name).needs, True)})
    assert footprint(dcgan(16, 1, 2), recipe, 8, classes=10).total > 0


@pytest.mark.parametrize("verb", ["plan", "sweep", "run"])
def test_what_cannot_fit_is_refused(verb, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    dataset = "--dataset" if verb == "run" else "--datasets"
    with pytest.raises(SystemExit) as end:
        main([verb, dataset, "digits", "--width", "4000", "--resolution", "64", "--batch", "60000"])
    output = capsys.readouterr()
    assert end.value.code == 2
    assert len(output.err.splitlines()) == 1
    assert "TB of memory" in output.err
    assert "lower --width or --batch" in output.err
    assert not any(tmp_path.iterdir())


def test_runs_at_once_share_the_memory(monkeypatch):
    backbone, budget = dcgan(28, 1, 8), Budget(batch=64, width=8)
    total = footprint(backbone, Recipe(), 64).total
    monkeypatch.setattr(room, "ram_bytes", lambda: 3 * total)
    room.check_fits(backbone, Recipe(), budget, CPU, workers=3)
    with pytest.raises(UserError, match=r"4 runs at once take at least .* lower --batch or --workers|lower --workers"):
        room.check_fits(backbone, Recipe(), budget, CPU, workers=4)


@pytest.mark.parametrize(
    "problem",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you"),
    ],
)
def test_running_out_of_memory_is_a_line(problem, monkeypatch):
    def full(*_, **__):
        raise problem

    monkeypatch.setattr("bench.runner.training.advance", full)
    with pytest.raises(UserError, match="width 2 and batch 8: out of memory; lower --batch"):
        run(RunSpec("digits", steps=2, batch=8, width=2, n=100), device="cpu")


def test_other_errors_stay_as_they_are():
    with pytest.raises(RuntimeError, match="shapes"), room.memory_told(Budget()):
        raise RuntimeError("shapes do not match")
