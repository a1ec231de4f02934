"""The speed measurement: operations by hand, phases that add up, contestants that really train."""

import pandas as pd
import torch

from bench.gan.backbone import dcgan
from bench.gan.network import build_discriminator, build_generator
from bench.throughput.contest import BATCH, CELLS, CORE, Case, step_operations
from bench.throughput.measure import cases, entrants, measure, summary, where_time_goes
from bench.throughput.phases import PHASES, phase_seconds
from bench.throughput.plain import plain_steps
from bench.throughput.tables import phase_table, throughput_table
from hacks import Recipe

TINY = Case("all on", 4, 16)


def test_cells_are_the_two_ends_and_two_hacks_left_out():
    assert set(CELLS["all on"]) == set(CORE)
    assert CELLS["all off"] == ()
    assert set(CORE) - set(CELLS["pooled"]) == {"strided_conv"}
    assert set(CORE) - set(CELLS["no BatchNorm"]) == {"batch_norm"}
    assert len(cases([16, 32, 64], [32, 64])) == 24


def test_operations_are_those_counted_by_hand():
    n = 2 * BATCH
    g = [n * 100 * 128, n * 4 * 4 * 8 * 4 * 16, n * 8 * 8 * 4 * 3 * 16]  # dense, up to 8 × 8, up to 16 × 16
    d = [n * 8 * 8 * 3 * 4 * 16, n * 4 * 4 * 4 * 8 * 16, n * 128]  # down to 8 × 8, down to 4 × 4, dense
    d_step = sum(g) + 2 * (
        sum(d) + sum(d) + sum(d[1:])
    )  # two batches forward, to the weights, to all inputs but pixels
    g_step = sum(d) + sum(d) + sum(g) + sum(g[1:])  # D forward and to its input; G to its weights and inputs but z
    assert step_operations(TINY) == d_step + g_step


def test_phases_add_up_to_the_step():
    spent = phase_seconds(TINY.spec("float32"), "cpu", steps=3)
    assert tuple(spent) == PHASES
    assert all(seconds > 0 for seconds in spent.values())


def test_the_plain_loop_trains():
    images = torch.randint(0, 256, (200, 1, 16, 16), dtype=torch.uint8)
    backbone = dcgan(16, 1, 4)
    generator, discriminator = build_generator(backbone, Recipe(), 0), build_discriminator(backbone, Recipe(), 0)
    before = [p.clone() for p in (*generator.parameters(), *discriminator.parameters())]
    steps = plain_steps(generator, discriminator, images, batch=8, latent_dim=100, device=torch.device("cpu"))
    assert [next(steps), next(steps)] == [8, 8]
    steps.close()
    after = [*generator.parameters(), *discriminator.parameters()]
    assert all(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_a_small_contest_from_end_to_end():
    found = measure([TINY], device="cpu", workers=1, repeats=2, seconds=0.05, say=lambda _: None)
    ours = [name for name, (entry, *_) in entrants("cpu", 1).items() if entry.kind == "ours"]
    assert found["precision"].tolist() == ours * 2
    assert (found[["images_per_second", "plain", "operations", "ceiling", "run_seconds"]] > 0).all(axis=None)
    short = summary(found)
    assert (short["ratio_low"] <= short["ratio"]).all()
    assert (short["ratio"] <= short["ratio_high"]).all()
    assert (short["of_ceiling"] < 1).all()
    assert "| 16 | 4 | all on | float32 |" in throughput_table(short, 1, 2)


def test_phases_are_measured_in_workers():
    found = where_time_goes([TINY], "cpu", workers=1)
    assert found["cell"].tolist() == ["all on"]
    assert (found[list(PHASES)] > 0).all(axis=None)


def test_shares_of_a_step_are_of_the_whole():
    frame = pd.DataFrame([{"cell": "all on", "width": 4, "resolution": 16, **dict.fromkeys(PHASES, 2.0)}])
    assert "| 16 | 4 | all on | 12.0 | 17% | 17% |" in phase_table(frame)
