"""The commands report, decode and fetch, as a user meets them."""

import json

import numpy as np
import pytest

from sklearn_lstmdg.cli import _decode, main
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.report import cohort_record

from _pages import leave_figures_out
from _stubs import Noise

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch):
    """Leave the page's figures out, which the tests of the page look at."""
    leave_figures_out(monkeypatch)


@pytest.fixture(scope="module")
def cohort():
    return make_scans(n_subjects=12, n_timepoints=8, n_rois=5, n_communities=2, random_state=0)


@pytest.fixture
def folder(tmp_path, cohort):
    compare_models(
        {"fc-svm": Noise(), "lstm-dg": Noise(scale=2.0)},
        cohort.data,
        cohort.target,
        n_folds=3,
        out=tmp_path / "out",
        random_state=0,
    )
    return tmp_path / "out"


@pytest.fixture
def run(capsys):
    def run(*options):
        code = main([str(option) for option in options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_report_names_the_page(run, folder):
    code, out, err = run("report", folder)
    assert (code, err) == (0, "") and out == f"Report: {folder / 'report.html'}\n"
    assert "<h1>Comparison of models: out</h1>" in (folder / "report.html").read_text()


def test_report_elsewhere_and_quietly(run, folder, tmp_path):
    page = tmp_path / "new" / "page.html"
    code, out, _ = run("report", folder, "--out", page, "--quiet", "--title", "A & B")
    assert code == 0 and out == f"{page}\n" and not (folder / "report.html").exists()
    assert json.loads(page.with_suffix(".json").read_text())["title"] == "A & B"
    assert "<title>A &amp; B</title>" in page.read_text()


def test_report_takes_runs_with_permuted_labels(run, folder, cohort, tmp_path):
    models = {"fc-svm": Noise(), "lstm-dg": Noise(scale=2.0)}
    options = {"n_folds": 3, "out": tmp_path / "null", "random_state": 0}
    compare_models(models, cohort.data, cohort.target[::-1], **options)
    code, _, err = run("report", folder, "--permuted", tmp_path / "null")
    assert (code, err) == (0, "")
    assert "True and permuted labels" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [(["nowhere"], "no finished fold"), (["out", "--reference", "x"], "reference='x'")],
)
def test_report_s_errors_are_one_line(run, folder, monkeypatch, options, message):
    monkeypatch.chdir(folder.parent)
    code, out, err = run("report", *options)
    assert code == 2 and out == "" and message in err and len(err.splitlines()) == 1


@pytest.fixture
def atlas(tmp_path):
    """Five blocks of an atlas with the codes 2, 4, ..., 10, and their names."""
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("nilearn")
    labels = np.zeros((12, 8, 8), dtype=np.int16)
    for i, (y, z) in enumerate([(2, 2), (1, 3), (3, 1), (2, 3), (1, 2)]):
        labels[2 * i + 1 : 2 * i + 3, y : y + 4, z : z + 4] = 2 * (i + 1)
    affine = np.diag([8.0, 8, 8, 1])
    affine[:3, 3] = -48, -50, -15  # within the brain of MNI152
    nibabel.Nifti1Image(labels, affine).to_filename(tmp_path / "atlas.nii.gz")
    names = pandas.DataFrame({"code": [2, 4, 6, 8, 10], "name": list("ABCDE")})
    names.to_csv(tmp_path / "labels.csv", index=False)
    return ["--atlas", tmp_path / "atlas.nii.gz", "--labels", tmp_path / "labels.csv"]


@pytest.fixture
def drawn(monkeypatch):
    """Keep what would be drawn, and write a small file."""
    calls = []

    def draw(fold, members, column, codes, atlas, path):
        calls.append((fold, members[:, column], column, codes))
        path.write_bytes(b"PNG")

    monkeypatch.setattr(_decode, "_draw", draw)
    return calls


def test_decode_lists_the_most_influential_communities(run, folder, atlas, drawn):
    code, out, _ = run("decode", folder, *atlas, "--model", "lstm-dg")
    table = pandas.read_csv(folder / "decoding.csv")
    fold, members, column, codes = drawn[0]
    assert code == 0 and "(decoding.csv and 2 figures)" in out
    assert table["rank"].tolist() == [1, 2] and table["model"].unique().tolist() == ["lstm-dg"]
    assert column == table["community"][0] == np.argmax(fold.influence)
    assert codes.tolist() == [2, 4, 6, 8, 10]
    strength = fold.membership[:, column]
    names = [
        name for _, name, inside in sorted(zip(-strength, "ABCDE", members, strict=True)) if inside
    ]
    assert table["rois"][0].split("; ") == names and table["n_rois"][0] == members.sum()
    folds = pandas.read_csv(folder / "folds.csv")
    best = folds[folds["model"] == "lstm-dg"].sort_values(["acc", "auc"]).iloc[-1]
    assert (best["acc"], best["auc"]) == tuple(
        folds.set_index(["model", "fold"]).loc[("lstm-dg", fold.fold), ["acc", "auc"]]
    )


def test_decode_takes_the_codes_that_the_run_kept(run, folder, atlas, drawn, cohort, tmp_path):
    record = cohort_record(cohort, np.full(12, "all")) | {"roi_codes": [10, 2, 4, 6, 8]}
    (folder / "cohort.json").write_text(json.dumps(record))
    run("decode", folder, *atlas, "--quiet")
    assert drawn[0][3].tolist() == [10, 2, 4, 6, 8] and drawn[0][0].model == "fc-svm"
    (tmp_path / "scan.1D").write_text("#8\t#6\t#4\t#3455\t#2\t#10\n0.1\t0.2\t0.3\t0\t0.4\t0.5\n")
    run("decode", folder, *atlas, "--roi-codes", tmp_path / "scan.1D")
    assert drawn[-1][3].tolist() == [8, 6, 4, 2, 10]


@pytest.mark.slow
def test_decode_ranks_terms(run, folder, atlas, drawn, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.load(atlas[1])
    (tmp_path / "maps").mkdir()
    run("decode", folder, *atlas, "--top", 1)
    _, members, _, codes = drawn[0]
    like = np.isin(np.asarray(image.dataobj), codes[members]).astype(np.float32)
    like += np.linspace(0, 0.1, like.size).reshape(like.shape)
    for name, values in {"like": like, "unlike": 1 - like}.items():
        nibabel.Nifti1Image(values, image.affine).to_filename(tmp_path / "maps" / f"{name}.nii.gz")
    options = ["--maps", tmp_path / "maps", "--top", 1, "--permutations", 20]
    code, out, err = run("decode", folder, *atlas, *options)
    assert code == 0, err
    table = pandas.read_csv(folder / "decoding.csv")
    assert table["term"].tolist() == ["like", "unlike"] and "like, unlike" in out
    assert table["r"][0] > 0.9 and {"z", "p", "p_fwe"} <= set(table)
    run("report", folder)
    assert "Terms of community" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "none"], "no model 'none'"),
        (["--roi-codes", "few.txt"], "5 ROIs and there are 2 codes"),
        (["--atlas", "nowhere.nii"], "nowhere.nii is neither a file nor one of the atlases"),
    ],
)
def test_decode_s_errors_are_one_line(run, folder, atlas, drawn, monkeypatch, options, message):
    monkeypatch.chdir(folder)
    (folder / "few.txt").write_text("2\n4\n")
    code, _, err = run("decode", folder, *atlas, *options, "--quiet")
    assert code == 2 and message in err and len(err.splitlines()) == 1


@pytest.mark.slow
def test_decode_draws(run, folder, atlas):
    run("decode", folder, *atlas, "--top", 1)
    image = folder / pandas.read_csv(folder / "decoding.csv")["image"][0]
    assert image.read_bytes().startswith(b"\x89PNG")


def test_fetch_hands_its_options_on(run, monkeypatch, cohort):
    asked = {}

    def fetch(data_dir, **options):
        asked.update(options, data_dir=data_dir)
        return cohort

    monkeypatch.setattr("sklearn_lstmdg.cli._fetch.fetch_abide", fetch)
    options = ["--data-dir", "scans", "--atlas", "ho", "--sites", "NYU", "--quality-checked"]
    code, out, _ = run("fetch", *options, "--no-global-signal-regression", "--pipeline", "cpac")
    assert code == 0 and "12 subjects (6 group 1, 6 group 0)" in out
    assert asked == {
        **{"data_dir": "scans", "atlas": "ho", "sites": ["NYU"], "pipeline": "cpac"},
        **{"band_pass_filtering": True, "global_signal_regression": False},
        **{"quality_checked": True, "verbose": 1},
    }
    assert run("fetch", *options, "--quiet")[1] == "" and asked["verbose"] == 0


@pytest.mark.parametrize("command", ["report", "decode", "fetch"])
def test_help_shows_an_example(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and f"  lstmdg {command} " in out and "--quiet" in out
