"""The speed measurement: operations by hand, phases that add up, contestants that really train."""

import contextlib

import pandas as pd
import pytest
import torch

from bench.gan.backbone import dcgan
from bench.gan.network import build_discriminator, build_generator
from bench.records.presets import PRESETS
from bench.throughput.contest import BATCH, CELLS, CORE, Case, Entry, _ceiling, _plain, contestants, step_operations
from bench.throughput.measure import cases, entrants, measure, summary
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
        "plain": Group(Entry("plain", "float32", "cpu"), [100.0, 125.0]),
    }
    monkeypatch.setattr("bench.throughput.measure.contestants", lambda _: contextlib.nullcontext(groups))
    found = measure([TINY], device="cpu", workers=2, repeats=2, seconds=0.05, say=lambda _: None)
    assert found["images_per_second"].tolist() == [300.0, 500.0]
    assert found["plain"].tolist() == [100.0, 125.0]
    assert found["ceiling"].tolist() == [2e9, 2e9]
    usual = PRESETS["default"]
    seconds = 0.01 * usual["steps"] + 0.5 * (usual["evaluations"] + 2)
    assert found["run_seconds"].tolist() == [seconds] * 2
    short = summary(found).iloc[0]
    assert (short["ratio"], short["ratio_low"], short["ratio_high"]) == (3.5, 3.0, 4.0)
    assert short["of_ceiling"] == pytest.approx(400 * step_operations(TINY) / BATCH / 2e9)
    assert short["runs_per_hour"] == pytest.approx(3600 * 2 / seconds)
    assert "| 16 | 4 | all on | float32 |" in throughput_table(summary(found), 2, 2)


def test_the_harness_in_each_precision_meets_the_plain_loop_and_its_ceiling():
    entries = entrants("cpu", 3)
    ours = [name for name, (entry, *_) in entries.items() if entry.kind == "ours"]
    assert "float32" in ours
    assert set(entries) == {"plain", *ours, *(f"ceiling {name}" for name in ours)}
    assert entries["plain"] == (Entry("plain", "float32", "cpu"), 1, None)
    assert entries["float32"] == (Entry("ours", "float32", "cpu"), 3, 1)


def test_a_ceiling_counts_the_operations_of_its_products(monkeypatch):
    monkeypatch.setattr("bench.throughput.contest.CEILING_SIDE", 8)
    assert _ceiling(TINY, Entry("ceiling", "float32", "cpu"))() == 2 * 8**3


def test_the_plain_contestant_sees_a_batch_a_step():
    step = _plain(TINY, Entry("plain", "float32", "cpu"))
    assert [step(), step()] == [BATCH, BATCH]


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
    ],
)
def test_a_case_that_no_network_has_is_refused_before_anything_starts(capsys, monkeypatch, arguments, line):
    from bench.cli import main
    from bench.throughput import measure

    monkeypatch.setattr(measure, "contestants", None)  # nothing may ask for it
    with pytest.raises(SystemExit) as end:
        main(["throughput", *arguments])
    assert end.value.code == 2
    assert capsys.readouterr().err == f"ganbench: {line}\n"
