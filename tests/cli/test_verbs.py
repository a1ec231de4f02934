"""The command line: lists, cards, and one line for every bad input."""

import re

import pytest
from PIL import Image

import hacks
from bench.cli import app, main
from bench.cli.options import list_options, repeat_flags
from bench.cli.request import build_request
from bench.data.registry import SKIP_BROKEN
from bench.metrics.extractors import INCEPTION_WEIGHTS


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    shown = capsys.readouterr()
    return end.value.code, shown.out, shown.err


def test_hacks_lists_them_all(capsys):
    code, out, _ = call(capsys, "hacks")
    assert code == 0
    assert sorted(line.split()[0] for line in out.splitlines() if line.startswith("  ")) == sorted(hacks.names())


def test_hacks_prints_a_card(capsys):
    code, out, _ = call(capsys, "hacks", "label_flips")
    assert code == 0
    assert out.startswith("Flipped labels.")
    assert "Parameter: label_flips.rate = 0.05" in out


def test_datasets_lists_the_embedded_ones(capsys):
    code, out, _ = call(capsys, "datasets")
    assert code == 0
    for name in ("mnist5k", "digits", "shapes", "fashion-mnist"):
        assert name in out


def test_plan_shows_stages_and_writes_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "plan", "--preset", "quick", "--budget", "300")
    assert code == 0
    out = " ".join(out.split())
    for part in (
        "at most 300 runs on mnist5k",
        "48 recipes and 6 of the bare and the full one: 54 runs",
        "26 proposals, 7 at a time, then a race of 4 recipes on 4 fresh seeds a round, at most: 50 runs",
        "every trick flipped in the best recipe, looked at after 3, 5, 8, 12 seeds, at most: 196 runs",
        "can see: a screen sees ×",
        "the settled star about ±9 % after 12 seeds (assuming that log FID spreads by 0.5 between recipes and 0.12",
    ):
        assert part in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("around", "told", "recipe"),
    [
        (
            ["batch_norm", "split_batches"],
            "flipped in the recipe of batch_norm, split_batches,",
            "batch_norm, split_batches",
        ),
        (["bare"], "flipped in the bare recipe,", "nothing switched on"),
        ([], "flipped in the full recipe,", "batch_norm, adam_beta1, split_batches, hinge_loss"),
    ],
)
def test_a_star_can_be_asked_for_around_a_given_recipe(capsys, around, told, recipe):
    hacks = ("--hacks", "batch_norm", "split_batches", "adam_beta1", "hinge_loss", "least_squares_loss")
    asked = ("--around", *around) if around else ()
    code, out, _ = call(capsys, "plan", "--preset", "smoke", "--stages", "settle", *hacks, *asked)
    assert code == 0
    assert told in " ".join(out.split())
    assert f"  best0:    on digits: {recipe}\n" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["split_batches"], "split_batches does nothing without batch_norm"),
        (["batch_nrom"], "is none of the sweep's hacks"),
        (["placebo"], "is none of the sweep's hacks"),
        (["hinge_loss", "least_squares_loss"], "exclude each other"),
        (["batch_norm", "--stages", "search", "settle"], "a search finds its recipe itself"),
        (["batch_norm", "--design", "factorial"], "has none; leave one of the two out"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_in_one_line(capsys, words, told):
    hacks = ("--hacks", "batch_norm", "split_batches", "hinge_loss", "least_squares_loss")
    stages = () if "--stages" in words or "--design" in words else ("--stages", "settle")
    code, _, err = call(capsys, "plan", "--preset", "smoke", *hacks, *stages, "--around", *words)
    assert (code, err.count("\n"), told in err) == (2, 1, True)


def test_a_single_stage_says_what_it_sees(capsys):
    code, out, _ = call(capsys, "plan", "--preset", "smoke", "--stages", "screen", "--hacks", "batch_norm")
    assert code == 0
    assert "  search:" not in out
    assert "  settle:" not in out
    assert "at most 8 runs on digits" in out
    assert "can see:  a screen sees ×5.9 (assuming" in out
    code, out, _ = call(capsys, "plan", "--preset", "smoke", "--hacks", "batch_norm", "--design", "factorial")
    assert code == 0
    assert "can see: on digits nothing: too few cells or seeds to tell an effect from noise" in " ".join(out.split())


@pytest.mark.parametrize("design", ["arms", "factorial", "resolution_v"])
def test_designs_of_one_stage_by_name(capsys, tmp_path, monkeypatch, design):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call(capsys, "plan", "--preset", "smoke", "--design", design, "--hacks", "batch_norm", "leaky_relu")
    assert code == 0
    assert ": 8 cells × 1 dataset × " in out
    assert ("leave one out" in " ".join(out.split())) == (design == "arms")
    assert max(map(len, out.splitlines())) <= 80


def test_the_table_of_cells_keeps_its_columns_under_long_names(capsys):
    _, out, _ = call(capsys, "plan", "--preset", "smoke", "--design", "arms", "--hacks", "batch_norm", "leaky_relu")
    lines = out.splitlines()
    (place,) = [line.index("batch_norm") for line in lines if line.strip(" |") == "batch_norm"]
    cells = {line.split()[0]: line[place] for line in lines if line.startswith(("full", "bare"))}
    full, bare = ({name: mark for name, mark in cells.items() if name.startswith(arm)} for arm in ("full", "bare"))
    assert full == {"full": "x", "full-batch_norm": ".", "full-leaky_relu": "x", "full-placebo": "x"}
    assert bare == {"bare": ".", "bare+batch_norm": "x", "bare+leaky_relu": ".", "bare+placebo": "."}


def test_plan_writes_when_asked(capsys, tmp_path):
    from bench.plan import Plan

    target = tmp_path / "plan.json"
    call(capsys, "plan", "--preset", "smoke", "--hack", "label_flips.rate=0.1", "--write", str(target))
    plan = Plan.load(target)
    assert plan.hack_parameters == {"label_flips": {"rate": 0.1}}
    assert plan.prerequisites == {"split_batches": ("batch_norm",)}
    assert "placebo" in plan.hacks


def test_options_that_take_lists():
    words = ["sweep", "--datasets", "a", "b", "--seeds", "3", "--hack", "x.y=1", "z.w=2", "--quiet"]
    assert repeat_flags(words, list_options(app)) == [
        *("sweep", "--datasets", "a", "--datasets", "b", "--seeds", "3"),
        *("--hack", "x.y=1", "--hack", "z.w=2", "--quiet"),
    ]


def test_an_option_that_takes_a_list_under_another_name():
    words = ["run", "--set", "batch_norm=on", "leaky_relu", "--full"]
    expected = ["run", "--set", "batch_norm=on", "--set", "leaky_relu", "--full"]
    assert repeat_flags(words, list_options(app)) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sweep", "--preset", "dafault"], "preset 'dafault' (did you mean default?): expected one of default, quick"),
        (["sweep", "--hacks", "batchnorm"], "unknown hack 'batchnorm' (did you mean batch_norm?)"),
        (["sweep", "--hacks", "batch_norm", "batch_norm"], "hack 'batch_norm' is named twice: name it once"),
        (["sweep", "--datasets", "mnist5"], "dataset 'mnist5': unknown (did you mean"),
        (["sweep", "--datasets", "folder:/no/such/folder"], "/no/such/folder"),
        (["sweep", "--seeds", "0"], "seeds 0: expected a whole number from 1 to 10,000"),
        (["sweep", "--steps", "1.5"], "steps '1.5': expected a whole number from 1 to 100,000,000"),
        (["sweep", "--resolution", "28.0"], "resolution '28.0': expected one of 16, 28, 32, 64"),
        (["sweep", "--sesoi", "a tenth"], "sesoi 'a tenth': expected a number between 0 and 1"),
        (["sweep", "--steps", "1" * 5000], "expected a whole number from 1 to 100,000,000"),
        (
            ["sweep", "--workers", "two"],
            "'--workers': Input should be a valid integer, unable to parse string as an integer: 'two'.",
        ),
        (["sweep", "--steps", "-1"], "steps -1: expected a whole number from 1 to 100,000,000"),
        (["sweep", "--steps", "many"], "steps 'many': expected a whole number from 1 to 100,000,000"),
        (["sweep", "--sesoi", "5"], "sesoi 5.0: expected a number between 0 and 1"),
        (["sweep", "--resolution", "48"], "resolution 48"),
        (["sweep", "--precision", "fp8"], "precision 'fp8'"),
        (["sweep", "--device", "tpu"], "device 'tpu': expected one of auto, cpu, cuda, mps"),
        (["sweep", "--workers", "0"], "workers 0: expected at least 1"),
        (["sweep", "--arms", "leave"], "'leave'"),
        (["sweep", "--design", "taguchi"], "design 'taguchi': expected one of screen, factorial, resolution_v, arms"),
        (["sweep", "--outcome", "fidd"], "outcome 'fidd'"),
        (["sweep", "--width", "1000000"], "width 1000000: expected a whole number from 1 to 4,096"),
        (["sweep", "--steps", "9" * 30], "expected a whole number from 1 to 100,000,000"),
        (["sweep", "--workers", "100000"], "workers 100000: expected at least 1 and at most 1024"),
        (["sweep", "--recipe", "gans-in-action", "--claims", "--design", "arms"], "claims bring their own cells"),
        (["sweep", "--extractor", "vgg"], "vgg"),
        (["sweep", "--inception-weights", "no.pth"], "extractor 'inception:no.pth': no such file"),
        (["sweep", "--inception-weights", "a.pth", "--extractor", "domain"], "leave one of the two out"),
        (["sweep", "--name", "../up"], "sweep name '../up': expected letters, digits"),
        (
            ["sweep", "--hack", "label_flips.rate=2"],
            "label_flips.rate=2: expected a number, at least 0, at most 1; see `ganbench hacks label_flips`",
        ),
        (["sweep", "--hack", "label_flips.rate=often"], "label_flips.rate='often'"),
        (["sweep", "--hack", "label_flips.ratio=1"], "hack label_flips has no parameter 'ratio'"),
        (["sweep", "--hack", "label_flips"], "--hack 'label_flips': expected HACK.PARAMETER=VALUE"),
        (["sweep", "--spec", "missing.toml"], "--spec 'missing.toml': cannot be read"),
        (["sweep", "--storage", "nonsense"], "storage 'nonsense' cannot be opened"),
        (["sweep", "--n", "60", "--datasets", "digits"], "n 60 on digits: FID needs more images than the 64 features"),
        (["sweep", "--stages", "confirm"], "stages ['confirm']: expected one of screen, search, settle"),
        (["sweep", "--stages", "settle,screen"], "stages 'settle,screen': expected some of screen,search,settle, in"),
        (["sweep", "--budget", "soon"], "budget 'soon': expected runs, such as 200, or a time, such as 30m"),
        (
            ["sweep", "--budget", "20"],
            "10 runs a dataset are too few for 12 hacks in the stages screen, search, settle",
        ),
        (["sweep", "--budget", "20", "--design", "arms"], "budget '20': design 'arms' has none"),
        (["sweep", "--arms", "add_one_in"], "arms ['add_one_in']: design 'screen' has none"),
        (["sweep", "--tune", "label_flips.ratio"], "tune 'label_flips.ratio': no parameter with a range to search"),
        (["train", "--out", "x"], "train needs one of --from SWEEP, --recipe-file FILE and --recipe NAME"),
        (["train", "--out", "x", "--from", "nothing"], "no plan at"),
        (["train", "--out", "x", "--recipe-file", "nothing.toml"], "recipe 'nothing.toml' cannot be read"),
        (["show", "best", "--name", "nothing"], "no plan at"),
        (["sweep", "--hack-file", "no.py"], "hack file no.py: cannot be read"),
        (["sweep", "--bogus"], "No such option: --bogus"),
        (["bogus"], "No such command 'bogus'"),
        (["hacks", "bogus"], "unknown hack 'bogus'"),
        (["run", "--set", "batch_norm=maybe"], "level 'maybe' of hack batch_norm: expected on or off"),
        (["run", "--set", "nope"], "unknown hack 'nope'"),
        (["run", "--seed", "-1", "--dataset", "digits"], "seed -1: expected a whole number from 0 to"),
        (["report", "nothing"], "nothing"),
        (["export", "nothing"], "no sweep named 'nothing'"),
        (["show", "abc", "--name", "nothing"], "no runs at"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, tmp_path, monkeypatch, arguments, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(INCEPTION_WEIGHTS, "")
    code, out, err = call(capsys, *arguments)
    assert code == 2, (out, err)
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("ganbench: ")
    assert expected in err
    assert "Traceback" not in err + out
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"]


@pytest.mark.parametrize("lenient", [False, True])
def test_broken_pictures_are_left_out_when_asked(capsys, tmp_path, monkeypatch, lenient):
    monkeypatch.setenv(SKIP_BROKEN, "")
    for number in range(250):
        Image.new("RGB", (20, 20), (number, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "text.png").write_text("not a picture")
    code, _, err = call(capsys, "plan", "--datasets", f"folder:{tmp_path}", *["--skip-broken"][: int(lenient)])
    assert code == (0 if lenient else 2), err
    assert ("text.png" in err) is not lenient


def test_a_toml_file_is_merged_under_the_command_line(capsys, tmp_path):
    spec = tmp_path / "mine.toml"
    spec.write_text('seeds = 3\ndatasets = ["digits"]\nsteps = 7\n[hack.label_flips]\nrate = 0.2\n')
    code, out, _ = call(capsys, "plan", "--spec", str(spec), "--steps", "9")
    assert code == 0
    assert "recipes, 3 seeds each" in out
    assert "9 steps" in out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seeds = 'three'", "seeds 'three': expected a whole number from 1"),
        ("sedes = 3", "sedes 3: no such field (did you mean seeds?); known: name, datasets"),
        ("seeds = true", "seeds True: expected a whole number from 1"),
        ("sesoi = nan", "sesoi nan: expected a number between 0 and 1"),
        ("resolution = 28.0", "resolution 28.0: expected one of 16, 28, 32, 64"),
        ("arms = ['leave']", "arms ['leave']: expected one of leave_one_out, add_one_in"),
        ("hack = 3", "hack 3: expected a table"),
        ("hack.label_flips = 3", "hack.label_flips 3: expected a table of parameters"),
        ("seeds = ", "no valid TOML"),
    ],
)
def test_a_bad_toml_file_is_one_line(capsys, tmp_path, text, expected):
    spec = tmp_path / "mine.toml"
    spec.write_text(text)
    code, _, err = call(capsys, "plan", "--spec", str(spec))
    assert code == 2
    assert expected in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["throughput", "--seconds", "inf"], "seconds inf: expected a number from 0.1 to 3,600"),
        (["throughput", "--seconds", "nan"], "seconds nan: expected a number from 0.1 to 3,600"),
        (["throughput", "--seconds", "1e9"], "seconds 1000000000.0: expected a number from 0.1 to 3,600"),
        (["throughput", "--repeats", "0"], "repeats 0: expected a whole number from 1 to 1,000"),
        (["throughput", "--workers", "2000"], "workers 2000: expected at least 1 and at most 1024"),
        (["replay", "none", "--sweeps", str(10**30)], f"sweeps {10**30}: expected a whole number from 1 to 1,000,000"),
        (["replay", "none", "--seed", "-1"], "seed -1: expected a whole number from 0 to 2,147,483,647"),
        (["replay", "none", "--runs", "0"], "runs 0: expected a whole number from 1 to 1,000,000"),
        (["replay", "none", "--workers", "2000"], "workers 2000: expected a whole number from 1 to 1,024"),
    ],
)
def test_a_measurement_that_would_never_end_is_refused(capsys, words, told):
    code, out, err = call(capsys, *words)
    assert (code, out, err) == (2, "", f"ganbench: {told}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--dataset", "digits", "--steps", "1", "--out"],
        ["plan", "--preset", "smoke", "--write"],
        ["sweep", "--preset", "smoke", "--design", "arms", "--results"],
        ["sweep", "--preset", "smoke", "--design", "arms", "--reports"],
        ["throughput", "--write"],
    ],
)
def test_a_place_that_cannot_be_written_in_is_refused_before_anything_is_made(capsys, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    code, _, err = call(capsys, *arguments, "file/below")
    assert code == 2
    assert re.fullmatch(r"ganbench: folder 'file.*' cannot be written in \(.*\): name one that can\n", err)
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["plan", "--preset", "smoke", "--write", ""],
            "file '.' cannot be written (it is a folder): name one that can",
        ),
        (["throughput", "--write", "there"], "file 'there' cannot be written (it is a folder): name one that can"),
        (["replay", "none", "--write", "x" * 300], f"file '{'x' * 300}' cannot be written (File name too long): name"),
        (["datasets", "--data-root", "x" * 300], f"'{'x' * 300}': File name too long; name another place"),
        (
            ["report", "none", "--results", "x" * 300],
            f"'{'x' * 300}/none/runs.parquet': File name too long; name another place",
        ),
    ],
)
def test_a_path_that_cannot_be_is_one_line(capsys, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    code, out, err = call(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"ganbench: {told}")
    assert err.count("\n") == 1


def test_a_record_that_cannot_be_kept_where_it_was_asked_for_goes_elsewhere(capsys, tmp_path, monkeypatch):
    written = []

    def refuse(folder, record, parameters):
        written.append(folder)
        if len(written) == 1:
            raise OSError(28, "No space left on device")
        return folder

    monkeypatch.setattr("bench.records.results.write_record", refuse)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = tmp_path / "full"
    arguments = ("--dataset", "digits", "--steps", "1", "--n", "100", "--width", "2", "--out", str(out))
    code, shown, err = call(capsys, "run", *arguments)
    assert code == 0
    assert "cannot be written in (No space left on device): the record goes elsewhere" in err
    assert written[0].parent == out
    assert shown.splitlines()[-1] == f"written: {written[1]}"
    assert written[1].is_relative_to(tmp_path)


def test_ctrl_c_is_one_line_even_among_the_imports(capsys, monkeypatch):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.cli.dispatch.run_command", interrupt)
    assert call(capsys, "hacks") == (130, "", "ganbench: interrupted\n")


def test_a_toml_file_may_begin_with_a_byte_order_mark(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xef\xbb\xbfseeds = 3\n")
    assert build_request("smoke", file, {}).seeds == 3


def test_the_cells_of_a_star_are_the_recipe_and_what_is_flipped_in_it(capsys):
    words = ["plan", "--preset", "smoke", "--stages", "settle", "--datasets", "digits", "ring8", "--budget", "400"]
    code, out, _ = call(capsys, *words, "--hacks", "batch_norm", "ema", "--around", "batch_norm")
    assert code == 0
    assert out.splitlines()[-4:] == [
        "  best0:    on digits: batch_norm",
        "  flips:    -batch_norm, +ema, +placebo (+ on, - off)",
        "  best1:    on ring8: batch_norm",
        "  flips:    as in best0",
    ]


def test_eighty_tricks_are_listed_in_lines_of_a_terminal(capsys):
    code, out, _ = call(
        capsys, "plan", "--hacks", "all", "--stages", "settle", "--around", "ema", "--datasets", "digits"
    )
    assert code == 0
    assert max(map(len, out.splitlines()[1:])) <= 80
    assert len(out.splitlines()) < 60
