"""The command line, as a user meets it."""

import json
import re

import numpy as np
import pytest

from sklearn_lstmdg import models
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.cli._main import _make_parser
from sklearn_lstmdg.cli._scan_options import read_confounds, settle_scans
from sklearn_lstmdg.datasets import make_scans

pandas = pytest.importorskip("pandas")


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


def test_schemes_of_several_sites(compare, tmp_path, monkeypatch):
    scans = make_scans(n_subjects=24, n_timepoints=20, n_rois=8, random_state=0)
    scans["sites"] = np.repeat(["A", "B"], 12)
    monkeypatch.setattr("sklearn_lstmdg.cli._scan_options.make_scans", lambda **options: scans)
    for scheme, sites in {"pooled": ["pooled"], "leave-one-site-out": ["A", "B"]}.items():
        out = tmp_path / scheme
        code, table, _ = compare("--scheme", scheme, "--out", out)
        assert code == 0 and re.search(r"^quick +A +12 ", table, re.MULTILINE)
        assert sorted(set(pandas.read_csv(out / "folds.csv")["site"])) == sites


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path, compare):
    out = tmp_path / "out"
    out.mkdir()
    (out / "left_out.csv").write_text("mine")
    code, _, err = compare("--quiet")
    assert code == 2 and "not the folder of a comparison, and its left_out.csv would be lost" in err
    assert [path.name for path in out.iterdir()] == ["left_out.csv"]


def test_the_folder_is_expanded_and_opened_before_the_first_fold(
    tmp_path, monkeypatch, quick_models
):
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
