"""The command line, as a user meets it."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg import models
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.cli._main import _make_parser
from sklearn_lstmdg.cli._scan_options import (
    load_cohort,
    load_unlabeled,
    name_sites,
    permute_labels,
    read_confounds,
    settle_scans,
)
from sklearn_lstmdg.cli._text_tables import format_summary
from sklearn_lstmdg.datasets import make_scans

from _stubs import Noise

pandas = pytest.importorskip("pandas")


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    """Replace the models by quick ones."""
    quick = {
        "quick": lambda length, step, regress: Noise(scale=length * step),
        "regressed": lambda length, step, regress: Noise(scale=2.0 if regress else 1.0),
        "broken": lambda length, step, regress: Noise(seconds="no number"),
    }
    monkeypatch.setattr(models, "_FACTORIES", models._FACTORIES | quick)


@pytest.fixture
def compare(tmp_path, capsys):
    """Run compare with quick models; returns exit code, output, errors."""

    def run(*options, quick=("--models", "quick", "--folds", "3", "--subjects", "12")):
        code = main(["compare", *quick, "--out", str(tmp_path / "out"), *map(str, options)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_compare_on_simulated_scans(compare, tmp_path):
    code, out, err = compare("--models", "quick", "regressed", "--repeats", 2, "--seed", 5)
    assert code == 0
    assert re.search(r"12 subjects \(6 group 1, 6 group 0\)", out)
    assert re.search(r"^quick +\S+ +12 +\d+\.\d \(\d+\.\d\)", out, re.MULTILINE)
    assert re.search(r"^regressed ", out, re.MULTILINE)
    assert str(tmp_path / "out") in out
    assert "[ 1/12] quick" in err and "[12/12]" in err and "left" in err
    assert len(pandas.read_csv(tmp_path / "out" / "predictions.csv")) == 48
    options = json.loads((tmp_path / "out" / "options.json").read_text())
    assert options["seed"] == 5 and options["repeats"] == 2


def test_the_same_command_resumes(compare):
    compare()
    code, _, err = compare()
    assert code == 0 and "3 of 3 folds were finished before" in err and "[" not in err


def test_another_command_into_the_folder_is_refused_in_one_line(compare):
    compare()
    code, _, err = compare("--step", 2)
    assert code == 2 and "another folder" in err
    assert "Traceback" not in err and len(err.strip().splitlines()) == 1


def test_quiet_prints_the_table_only(compare):
    code, out, err = compare("--quiet")
    assert code == 0 and err == "" and out.startswith("model")


def test_options_reach_the_models(compare, tmp_path):
    compare("--length", 7, "--step", 3, "--regress-global-mean", "--models", "quick", "regressed")
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    scales = {name: model["scale"] for name, model in settings["models"].items()}
    assert scales == {"quick": 21, "regressed": 2.0}


def test_permuted_labels(compare, tmp_path):
    compare()
    plain = pandas.read_csv(tmp_path / "out" / "predictions.csv")
    code, _, err = compare("--permute-labels", 1)
    assert code == 2 and "data" in err
    compare("--permute-labels", 1, "--out", tmp_path / "permuted")
    permuted = pandas.read_csv(tmp_path / "permuted" / "predictions.csv")
    labels = [table.set_index("subject")["y"].sort_index() for table in (plain, permuted)]
    assert labels[0].sum() == labels[1].sum() and not labels[0].equals(labels[1])


def test_labels_are_permuted_within_sites():
    labels, sites = np.repeat([0, 1, 1, 0], 20), np.repeat(["A", "B"], 40)
    labels[:5] = 1
    subjects = np.arange(80)
    permuted = permute_labels(labels, sites, subjects, 3)
    for site in "AB":
        assert permuted[sites == site].sum() == labels[sites == site].sum()
    alone = permute_labels(labels[40:], sites[40:], subjects[40:], 3)
    np.testing.assert_array_equal(permuted[40:], alone)
    assert not np.array_equal(permuted, permute_labels(labels, sites, subjects, 4))


def test_sessions_of_a_participant_keep_one_label_when_labels_are_permuted():
    labels, sites = np.tile(np.arange(20) % 2, 3), np.full(60, "all")
    participants = np.tile([f"sub-{i}" for i in range(20)], 3)
    permuted = permute_labels(labels, sites, participants, 3).reshape(3, 20)
    assert (permuted == permuted[0]).all() and permuted[0].sum() == 10
    assert not np.array_equal(permuted[0], labels[:20])
    families = np.repeat(np.arange(30), 2)  # of both classes
    mixed = permute_labels(labels, sites, families, 3)
    np.testing.assert_array_equal(mixed, permute_labels(labels, sites, np.arange(60), 3))


def test_samples_of_a_site_are_one_site_unless_named():
    ids = np.array(["UM_1", "UM_2", "NYU", "MAX_MUN"])
    assert name_sites(ids, None).tolist() == ["UM", "UM", "NYU", "MAX_MUN"]
    assert name_sites(ids, ["um", "NYU"]).tolist() == ["UM", "UM", "NYU", "MAX_MUN"]
    assert name_sites(ids[:1], ["um_1"]).tolist() == ["UM_1"]
    assert name_sites(ids[:2], ["UM_1", "UM_2"]).tolist() == ["UM_1", "UM_2"]
    with pytest.raises(ValueError, match="UM contains UM_1"):
        name_sites(ids, ["UM", "UM_1"])


def test_schemes_of_several_sites(compare, tmp_path, monkeypatch):
    scans = make_scans(n_subjects=24, n_timepoints=20, n_rois=8, random_state=0)
    scans["sites"] = np.repeat(["A", "B"], 12)
    monkeypatch.setattr("sklearn_lstmdg.cli._scan_options.make_scans", lambda **options: scans)
    for scheme, sites in {"pooled": ["pooled"], "leave-one-site-out": ["A", "B"]}.items():
        out = tmp_path / scheme
        code, table, _ = compare("--scheme", scheme, "--out", out)
        assert code == 0 and re.search(r"^quick +A +12 ", table, re.MULTILINE)
        assert sorted(set(pandas.read_csv(out / "folds.csv")["site"])) == sites


def test_unlabeled_sites_give_their_controls_only(monkeypatch):
    def load(data_dir, sites, **options):
        assert (options["atlas"], options["pipeline"]) == ("ho", "ccs")
        names = np.array([site for site in sites for _ in range(2)])
        target = np.arange(len(names)) % 2
        return Bunch(data=[np.full((3, 2), i) for i in target], target=target, sites=names)

    monkeypatch.setattr("sklearn_lstmdg.cli._scan_options.load_abide", load)

    def parse(*options):
        line = ["compare", "--data-dir", "d", "--atlas", "ho", "--sites", "NYU"]
        args = _make_parser().parse_args([*line, *options])
        settle_scans(args)
        return args

    cohort = load_cohort(parse())
    assert load_unlabeled(parse(), cohort) is None
    others = load_unlabeled(parse("--unlabeled-sites", "OHSU", "UM"), cohort)
    assert [scan[0, 0] for scan in others] == [0, 0]
    with pytest.raises(
        ValueError, match="--unlabeled-sites names NYU, whose subjects are compared"
    ):
        load_unlabeled(parse("--unlabeled-sites", "UM", "NYU"), cohort)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--unlabeled-sites", "UM"], "--unlabeled-sites needs --data-dir"),
        (["--scheme", "leave-one-site-out"], "needs two sites"),
        (["--models", "lstm"], "Unknown model 'lstm'; known are lstm-dg"),
        (["--data-dir", "nowhere"], "no folder nowhere"),
        (["--folds", 99], "--subjects 12 is too few for --folds 99"),
        (["--atlas", "ho", "--sites", "NYU"], "--atlas, --sites needs --data-dir"),
        (["--resample-to", 2], "--resample-to needs --data-dir"),
        (["--atlas", "aal", "--pipeline", "ccs"], "--atlas, --pipeline needs --data-dir"),
        (["--global-signal-regression"], "--global-signal-regression needs --data-dir"),
        (["--confounds", "IQ"], "no column 'IQ' for --confounds; it has SUB_ID, SITE_ID, DX_GROUP"),
        (["--models", "broken"], "'broken' failed"),
    ],
)
def test_errors_are_one_line(compare, options, message):
    code, _, err = compare(*options)
    last = err.strip().splitlines()[-1]
    assert code == 2 and last.startswith("lstmdg: error: ") and message in last
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("option", "value", "least"),
    [
        *[("--folds", 2, 3), ("--subjects", 0, 2), ("--seed", -1, 0), ("--length", 0, 1)],
        *[("--step", 0, 1), ("--repeats", 0, 1), ("--permute-labels", -1, 0)],
    ],
)
def test_numbers_that_are_too_small_are_refused_by_option(capsys, option, value, least):
    with pytest.raises(SystemExit) as stop:
        main(["compare", option, str(value)])
    err = capsys.readouterr().err
    assert stop.value.code == 2 and len(err.splitlines()) == 1
    assert f"argument {option}: must be at least {least}, not {value}" in err


def test_the_folder_is_expanded_and_opened_before_the_first_fold(tmp_path, monkeypatch):
    def train(*args, out, **options):
        assert out == str(tmp_path / "x") and (tmp_path / "x" / "options.json").exists()
        raise ValueError("enough seen")

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sklearn_lstmdg.cli._compare.compare_models", train)
    with pytest.raises(ValueError, match="enough seen"):
        main(["compare", "--models", "quick", "--out", "~/x", "--debug", "--quiet"])


def test_names_too_long_for_files_are_refused_before_the_first_fold(compare, monkeypatch, tmp_path):
    monkeypatch.setitem(models._FACTORIES, "m" * 101, models._FACTORIES["broken"])
    code, _, err = compare("--models", "m" * 101)
    assert code == 2 and "too long for a file" in err
    assert not (tmp_path / "out" / "folds").exists()


def test_a_refused_command_leaves_the_options_of_the_earlier_one(compare, tmp_path):
    compare()
    before = (tmp_path / "out" / "options.json").read_text()
    assert compare("--step", 2)[0] == 2
    assert (tmp_path / "out" / "options.json").read_text() == before


def test_debug_shows_the_traceback(compare):
    with pytest.raises(ValueError, match="Unknown model"):
        compare("--models", "lstm", "--debug")


@pytest.mark.parametrize(
    "options", [["compare", "--nonsense"], ["fly"], ["compare", "--folds", "x"]]
)
def test_wrong_usage_is_one_line(capsys, options):
    with pytest.raises(SystemExit) as stop:
        main(options)
    err = capsys.readouterr().err
    assert stop.value.code == 2
    assert len(err.splitlines()) == 1 and "--help" in err


def test_usage_errors_steer_no_terminal(capsys):
    for options in (["\x1b[2Jfly"], ["compare", "--scheme", "\x1b]0;x\x07\npooled"]):
        with pytest.raises(SystemExit):
            main(options)
        err = capsys.readouterr().err
        assert "\x1b" not in err and "\x07" not in err and len(err.splitlines()) == 1
        assert "x1b" in err


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_ends_the_command_quietly(tmp_path, unbuffered):
    code = (
        "from sklearn_lstmdg.cli import _main, main\n"
        "_main.COMMANDS[-1].__class__.run = lambda command, args: _main.say('x' * 9999)\n"
        "raise SystemExit(main(['fetch']))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": writer, "stderr": subprocess.PIPE, "check": False}
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, **streams)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_help_shows_an_example(capsys):
    for options in (["--help"], ["compare", "--help"]):
        with pytest.raises(SystemExit) as stop:
            main(options)
        assert stop.value.code == 0
    out = capsys.readouterr().out
    assert "lstmdg compare --data-dir" in out and "demonstration" in out


def test_an_interrupt_says_how_to_go_on(compare, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("sklearn_lstmdg.cli._compare.compare_models", interrupt)
    code, _, err = compare()
    assert code == 130 and "run the same command to resume" in err and "Traceback" not in err


def test_the_module_runs():
    answer = subprocess.run(
        [sys.executable, "-m", "sklearn_lstmdg", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.startswith("sklearn_lstmdg ")


def test_no_command_is_the_demonstration(tmp_path, monkeypatch, capsys):
    from sklearn_lstmdg.cli import _demo

    made = []

    def make(name, **parameters):
        made.append(name)
        return Noise()

    monkeypatch.setattr(_demo, "make_model", make)
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert made == ["lstm-dg", "lstm-h", "lstm-d", "lstm-s", "fc-svm"]
    assert (tmp_path / "lstmdg-results" / "summary.csv").exists()
    assert "What next" in capsys.readouterr().out


def test_real_scans_with_site_counts_and_motion(compare, data_dir):
    code, out, _ = compare(
        *["--data-dir", data_dir, "--atlas", "ho", "--pipeline", "cpac"],
        *["--no-global-signal-regression", "--sites", "trinity"],
    )
    assert code == 0
    assert re.search(r"TRINITY: 44 subjects .* 44 files found for 49 in the table", out)
    assert "mean head motion" in out


def test_the_table_is_the_paper_s():
    row = {"model": "lstm-dg", "site": "NYU", "n_subjects": 184, "n_folds": 10, "n_one_class": 1}
    means = {"acc": 0.722, "tpr": 0.574, "tnr": 0.841, "auc": 0.5, "auc_pooled": 0.772}
    spreads = {"acc_sd": 0.147, "tpr_sd": 0.255, "tnr_sd": 0.122}
    lines = format_summary(pandas.DataFrame([row | means | spreads])).splitlines()
    cells = ["lstm-dg", "NYU", "184", "72.2 (14.7)", "57.4 (25.5)", "84.1 (12.2)", "0.772"]
    assert re.split(" {2,}", lines[2]) == cells
    assert "1 of the test folds held one class only" in lines[-1]


def test_pairs_of_one_site_stand_beside_those_of_all(compare, tmp_path, monkeypatch):
    cohort = make_scans(18, random_state=0)
    cohort.sites = np.tile(["NYU", "NYU", "UM_1"], 6)
    monkeypatch.setattr("sklearn_lstmdg.cli._compare.load_cohort", lambda args: cohort)
    _, apart, _ = compare()
    assert "within" not in apart and "UM" in apart
    code, out, err = compare("--scheme", "pooled", "--out", tmp_path / "pooled")
    assert code == 0, err
    assert re.search(r"^model .* AUC +AUC within sites$", out, re.MULTILINE)
    row = pandas.read_csv(tmp_path / "pooled" / "summary.csv").set_index("site").loc["pooled"]
    (line,) = re.findall(r"^quick +pooled .*$", out, re.MULTILINE)
    shown = [f"{row[name]:.3f}" for name in ("auc_pooled", "auc_within_sites")]
    assert line.split()[-2:] == shown and shown[0] != shown[1]
    (line,) = re.findall(r"^quick +UM .*$", out, re.MULTILINE)
    assert re.search(r"  \d\.\d{3} *$", line), "of one site there is one AUC"
    assert "Within sites: pairs of subjects of one site only" in " ".join(out.split())


def test_r_of_one_site_stands_beside_that_of_all():
    kind = {"name": "continuous", "metrics": ("r", "mae"), "main": "r", "undefined": "n_undefined"}
    row = {"model": "a", "site": "pooled", "n_subjects": 9, "n_folds": 3, "n_undefined": 0}
    row |= {"r_pooled": 0.5, "r_within_sites": 0.25, "mae": 2.0, "mae_sd": 0.1}
    head, _, line, *told = format_summary(pandas.DataFrame([row]), Bunch(**kind)).splitlines()
    assert head.endswith(" r within sites")
    assert (line.split()[3], line.split()[-1]) == ("0.500", "0.250")
    assert told[1].endswith("subjects from the mean of their site.")


def test_folds_hardly_trained_are_told():
    row = {"model": "a", "site": "NYU", "n_subjects": 9, "n_folds": 3, "n_one_class": 0}
    row |= dict.fromkeys(["acc", "tpr", "tnr", "auc_pooled", "acc_sd", "tpr_sd", "tnr_sd"], 0.5)
    rows = [row | {"n_untrained": 0.0}, row | {"n_untrained": 2.0, "model": "b"}]
    told = [
        line for line in format_summary(pandas.DataFrame(rows)).splitlines() if "Hardly" in line
    ]
    (words,) = told
    assert words.endswith(": 2 of 3 folds of b at NYU.")
    assert "Hardly" not in format_summary(pandas.DataFrame([row]))


def test_one_fold_has_no_spread():
    row = {"model": "svm", "site": "NYU", "n_subjects": 9, "n_folds": 1, "n_one_class": 0}
    row |= {"acc": 0.5, "tpr": 0.25, "tnr": 0.75, "auc_pooled": 0.5}
    row |= dict.fromkeys(["acc_sd", "tpr_sd", "tnr_sd"], np.nan)
    line = format_summary(pandas.DataFrame([row])).splitlines()[2]
    assert line.split() == ["svm", "NYU", "9", "50.0", "25.0", "75.0", "0.500"]


def test_confounds_are_judged_beside_the_models(compare, tmp_path, monkeypatch):
    phenotypic = pandas.DataFrame(
        {
            "func_mean_fd": np.linspace(0, 1, 12),
            "AGE_AT_SCAN": 20.0,
            "SEX": 1,
            "SITE_ID": ["NYU", "UM_1"] * 6,
        }
    )
    cohort = make_scans(12, random_state=0)
    cohort.phenotypic = phenotypic
    monkeypatch.setattr("sklearn_lstmdg.cli._compare.load_cohort", lambda args: cohort)
    code, out, err = compare("--confounds")
    assert code == 0, err
    assert re.search(r"^confounds ", out, re.MULTILINE)
    told = pandas.read_csv(tmp_path / "out" / "predictions.csv")
    assert set(told["model"]) == {"quick", "confounds"}
    assert list(read_confounds(cohort, ["SEX"]).columns) == ["SEX"]
    assert read_confounds(cohort, None) is None


def test_simulated_scans_have_confounds_too(compare):
    code, out, err = compare("--confounds")
    assert code == 0, err
    assert re.search(r"^confounds ", out, re.MULTILINE)


def test_options_of_scans_that_were_not_given_are_kept_as_they_are_used(compare, tmp_path):
    compare()
    options = json.loads((tmp_path / "out" / "options.json").read_text())
    assert options["data_dir"] is options["atlas"] is options["quality_checked"] is None
    args = _make_parser().parse_args(["compare", "--data-dir", "d", "--no-band-pass-filtering"])
    settle_scans(args)
    assert (args.atlas, args.pipeline, args.quality_checked) == ("aal", "ccs", False)
    assert args.global_signal_regression and not args.band_pass_filtering


def test_mixed_repetition_times_are_warned_of(compare, tmp_path, monkeypatch):
    cohort = make_scans(12, random_state=0)
    cohort.t_r[:3] = 1.5
    monkeypatch.setattr("sklearn_lstmdg.cli._compare.load_cohort", lambda args: cohort)
    _, _, err = compare("--length", 20)
    assert "lstmdg: warning: Repetition times are mixed: 3 scans of 1.5 s" in err
    assert "lasts 30 s; 9 scans of 2 s, where a window lasts 40 s" in err
    (notice,) = json.loads((tmp_path / "out" / "cohort.json").read_text())["notices"]
    assert notice in err


def test_confounds_that_are_not_there_are_named(compare):
    code, _, err = compare("--confounds", "HANDEDNESS")
    assert code == 2
    assert "HANDEDNESS" in err
