"""The top communities of a comparison, on the brain and in words."""

import json

import numpy as np
import pytest

from sklearn_lstmdg.cli import _decode
from sklearn_lstmdg.report import cohort_record

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


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
    assert table["term"].tolist() == ["like", "unlike"]
    assert table["r"][0] > 0.9 and {"z", "p", "p_fwe"} <= set(table)
    stars = ["*" * (p <= 0.05) for p in table["p_fwe"]]
    assert f": like{stars[0]}, unlike{stars[1]}\n*: above what sets of ROIs elsewhere give" in out
    run("report", folder)
    assert "Terms of community" in (folder / "report.html").read_text()


def test_terms_that_pass_the_null_have_a_star():
    part = pandas.DataFrame({"term": ["pain", "memory", None], "p_fwe": [0.05, 0.06, None]})
    assert _decode._tell_terms(part) == ["pain*", "memory"]
    assert _decode._tell_terms(part[["term"]]) == ["pain", "memory"]


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
