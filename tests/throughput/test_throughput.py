"""The speed measurement: operations by hand, phases that add up, contestants that really train."""

import contextlib

import pandas as pd
import pytest
import torch

from bench.gan.backbone import dcgan
from bench.gan.network import build_discriminator, build_generator
from bench.records.presets import PRESETS
from bench.throughput.contest import (
    BATCH,
    CELLS,
    CORE,
    Case,
    Entry,
    _ceiling,
    _example,
    _plain,
    contestants,
    step_operations,
)
from bench.throughput.example import example_networks, example_steps, operations
from bench.throughput.measure import beside_example, cases, entrants, measure, summary
from bench.throughput.phases import PHASES, phase_seconds
from bench.throughput.plain import plain_steps
from bench.throughput.tables import example_table, phase_table, throughput_table
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


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_the_plain_loop_trains(precision):
    images = torch.randint(0, 256, (200, 1, 16, 16), dtype=torch.uint8)
    backbone = dcgan(16, 1, 4)
    generator, discriminator = build_generator(backbone, Recipe(), 0), build_discriminator(backbone, Recipe(), 0)
    before = [p.clone() for p in (*generator.parameters(), *discriminator.parameters())]
    settings = {"batch": 8, "latent": (100,), "device": torch.device("cpu"), "precision": precision}
    steps = plain_steps(generator, discriminator, images, **settings)
    assert [next(steps), next(steps)] == [8, 8]
    steps.close()
    after = [*generator.parameters(), *discriminator.parameters()]
    assert all(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_the_plain_loop_in_bf16_is_under_autocast():
    seen = []

    def criterion(answers, targets):
        seen.append((answers.dtype, torch.is_autocast_enabled("cpu")))
        return answers.float().mean()

    backbone = dcgan(16, 1, 4)
    networks = build_generator(backbone, Recipe(), 0), build_discriminator(backbone, Recipe(), 0)
    images = torch.zeros(8, 1, 16, 16, dtype=torch.uint8)
    for precision in ("bf16", "float32"):
        settings = {"batch": 8, "latent": (100,), "device": torch.device("cpu"), "precision": precision}
        steps = plain_steps(*networks, images, criterion=criterion, **settings)
        next(steps)
        steps.close()
    assert [enabled for _, enabled in seen] == [True] * 3 + [False] * 3
    assert [dtype for dtype, _ in seen[3:]] == [torch.float32] * 3


def test_the_example_is_pytorchs():
    """Its numbers of parameters are known; its operations are worked out by hand."""
    g, d = example_networks()
    assert [sum(p.numel() for p in network.parameters()) for network in (g, d)] == [3_576_704, 2_765_568]
    assert [p.std().item() for p in (g[0].weight, d[2].weight)] == pytest.approx([0.02, 0.02], rel=0.02)
    small_g, small_d = example_networks(width=1)
    images = small_g(torch.randn(2, 100, 1, 1))
    assert images.shape == (2, 3, 64, 64)
    assert small_d(images).shape == (2,)
    assert ((small_d(images) > 0) & (small_d(images) < 1)).all()
    g = [100 * 8 * 16, 32 * 16 * 16, 8 * 16 * 64, 2 * 16 * 256, 3 * 16 * 1024]  # weights × pixels that they are used on
    d = [3 * 16 * 1024, 2 * 16 * 256, 8 * 16 * 64, 32 * 16 * 16, 8 * 16]
    d_step = sum(g) + 2 * (sum(d) + sum(d) + sum(d[1:]))  # two batches forward, to the weights, to all but the pixels
    g_step = 3 * sum(d) + sum(g) + sum(g[1:])  # D forward, to its pixels and, since it is not frozen, to its weights; G
    assert operations(2, width=1) == 2 * 2 * (d_step + g_step)


def test_the_example_trains():
    images = torch.randint(0, 256, (16, 3, 64, 64), dtype=torch.uint8)
    steps = example_steps(images, 8, torch.device("cpu"), width=2)
    assert [next(steps), next(steps)] == [8, 8]
    steps.close()


class Group:
    """Contestants whose numbers are known."""

    def __init__(self, entry, rates):
        self.entry, self.rates, self.case = entry, list(rates), None

    def prepare(self, case):
        self.case = case

    def rate(self, seconds):
        return self.rates.pop(0)

    def run_seconds(self, case):
        return 0.01, 0.5


def test_a_contest_is_told_in_pairs(monkeypatch):
    groups = {
        "float32": Group(Entry("ours", "float32", "cpu"), [300.0, 500.0]),
        "ceiling float32": Group(Entry("ceiling", "float32", "cpu"), [1e9, 2e9]),
        "plain float32": Group(Entry("plain", "float32", "cpu"), [100.0, 125.0]),
        "bf16": Group(Entry("ours", "bf16", "cpu"), [800.0, 1000.0]),
        "ceiling bf16": Group(Entry("ceiling", "bf16", "cpu"), [1e9, 2e9]),
        "plain bf16": Group(Entry("plain", "bf16", "cpu"), [200.0, 500.0]),
    }
    monkeypatch.setattr("bench.throughput.measure.contestants", lambda _: contextlib.nullcontext(groups))
    found = measure([TINY], device="cpu", workers=2, repeats=2, seconds=0.05, say=lambda _: None)
    in_bf16 = summary(found).iloc[1]
    assert (in_bf16["ratio"], in_bf16["ratio_low"], in_bf16["ratio_high"]) == (3.0, 2.0, 4.0)
    assert (in_bf16["to_float32"], in_bf16["to_float32_low"], in_bf16["to_float32_high"]) == (8.0, 8.0, 8.0)
    found = found[found["precision"] == "float32"]
    assert found["images_per_second"].tolist() == [300.0, 500.0]
    assert found["plain"].tolist() == found["plain_float32"].tolist() == [100.0, 125.0]
    assert found["ceiling"].tolist() == [2e9, 2e9]
    usual = PRESETS["default"]
    seconds = 0.01 * usual["steps"] + 0.5 * (usual["evaluations"] + 2)
    assert found["run_seconds"].tolist() == [seconds] * 2
    short = summary(found).iloc[0]
    assert (short["ratio"], short["ratio_low"], short["ratio_high"]) == (3.5, 3.0, 4.0)
    assert short["to_float32"] == 3.5
    assert short["of_ceiling"] == pytest.approx(400 * step_operations(TINY) / BATCH / 2e9)
    assert short["runs_per_hour"] == pytest.approx(3600 * 2 / seconds)
    assert "| 16 | 4 | all on | float32 |" in throughput_table(summary(found), 2, 2)


def test_the_harness_in_each_precision_meets_the_plain_loop_and_its_ceiling():
    entries = entrants("cpu", 3)
    ours = [name for name, (entry, *_) in entries.items() if entry.kind == "ours"]
    assert "float32" in ours
    assert set(entries) == {f"{kind}{name}" for kind in ("", "plain ", "ceiling ") for name in ours}
    assert entries["plain float32"] == (Entry("plain", "float32", "cpu"), 1, None)
    assert entries["float32"] == (Entry("ours", "float32", "cpu"), 3, 1)


def test_the_example_is_raced_in_pairs(monkeypatch):
    groups = {
        "example": Group(Entry("example", "float32", "cpu"), [50.0, 100.0]),
        "float32": Group(Entry("ours", "float32", "cpu"), [200.0, 100.0]),
        "plain float32": Group(Entry("plain", "float32", "cpu"), [75.0, 100.0]),
    }

    def started(racing):
        assert {name: entry.kind for name, (entry, *_) in racing.items()}.items() >= {"example": "example"}.items()
        return contextlib.nullcontext(groups)

    monkeypatch.setattr("bench.throughput.measure.contestants", started)
    found = beside_example(device="cpu", workers=2, repeats=2, seconds=0.05, width=1)
    assert groups["plain float32"].case == Case("all on", 1, 64)
    assert found["plain float32"].tolist() == [75.0, 100.0]
    table = example_table(found.assign(operations=30.0, example_operations=20.0), 2)
    assert "| plain loop, float32 | 88 | 1.25 (1.00 to 1.50) | 1.88 (1.50 to 2.25) |" in table
    assert "| ours, float32 | 150 | 2.50 (1.00 to 4.00) |" in table
    assert "| example | 75 | 1.00 (1.00 to 1.00) | 1.00 (1.00 to 1.00) |" in table


def test_a_ceiling_counts_the_operations_of_its_products(monkeypatch):
    monkeypatch.setattr("bench.throughput.contest.CEILING_SIDE", 8)
    assert _ceiling(TINY, Entry("ceiling", "float32", "cpu"))() == 2 * 8**3


def test_the_plain_contestant_sees_a_batch_a_step():
    step = _plain(TINY, Entry("plain", "float32", "cpu"))
    assert [step(), step()] == [BATCH, BATCH]


def test_the_example_is_a_contestant():
    step = _example(Case("all on", 2, 64), Entry("example", "float32", "cpu"))
    assert step() == BATCH


def test_a_contestant_trains_and_is_measured_in_a_process_of_its_own():
    entry = Entry("ours", "float32", "cpu")
    with contestants({"ours": (entry, 1, 1)}) as groups:
        group = groups["ours"]
        group.prepare(TINY)
        assert group.rate(0.05) > 0
        assert all(seconds > 0 for seconds in group.run_seconds(TINY))
        assert set(group.phases(TINY)) == set(PHASES)


def test_shares_of_a_step_are_of_the_whole():
    frame = pd.DataFrame([{"cell": "all on", "width": 4, "resolution": 16, **dict.fromkeys(PHASES, 2.0)}])
    assert "| 16 | 4 | all on | 12.0 | 17% | 17% |" in phase_table(frame)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--widths", "0"], "width 0: expected a whole number from 1 to 4,096"),
        (["--resolutions", "7"], "resolution 7: expected one of 16, 28, 32, 64"),
        (["--widths", "4096", "--resolutions", "64"], "width 4096"),
    ],
)
def test_a_case_that_no_network_has_is_refused_before_anything_starts(capsys, monkeypatch, arguments, line):
    from bench.cli import main
    from bench.throughput import measure

    monkeypatch.setattr(measure, "contestants", None)  # nothing may ask for it
    monkeypatch.setattr("bench.runner.room.ram_bytes", lambda: 16 * 2**30)
    with pytest.raises(SystemExit) as end:
        main(["throughput", *arguments])
    assert end.value.code == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"ganbench: {line}")
    assert len(errors.splitlines()) == 1
