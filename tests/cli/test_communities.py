"""``lstmdg communities`` on the folds of a comparison."""

import json
import re

import numpy as np
import pytest

from sklearn_lstmdg import (
    LSTMDGClassifier,
    ParafacCommunities,
    ScanCleaner,
    SubsequenceAugmenter,
    models,
)
from sklearn_lstmdg.cli import _parafac_folds as _parafac
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.cli._text_tables import format_communities
from sklearn_lstmdg.communities import common_memberships, two_means
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import (
    Comparison,
    community_robustness,
    compare_models,
    load_comparison,
    make_seed,
)
from sklearn_lstmdg.evaluation._store import FoldStore
from sklearn_lstmdg.plotting import MembershipDisplay
from sklearn_lstmdg.report import write_report

from _stubs import Noise

pandas = pytest.importorskip("pandas")


class Planted(Noise):
    """Noise with a membership of as many ROIs as the scans have."""

    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        rng = np.random.default_rng(self.random_state)
        self.membership_ = rng.uniform(size=(np.shape(X[0])[-1], 3))
        self.membership_[:, 2] = 0
        self.influence_ = np.arange(3.0)
        return self


class Several(Planted):
    """Noise of four nets."""

    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        rng = np.random.default_rng(self.random_state)
        self.memberships_ = [self.membership_, *rng.gamma(0.2, size=(3, *self.membership_.shape))]
        self.influences_ = [self.influence_] * 4
        return self


class Without(Noise):
    """Noise without memberships."""

    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        del self.membership_, self.influence_
        return self


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    """A finished comparison of two quick models."""
    quick = {
        "quick": lambda length, step, regress: Planted(),
        "other": lambda length, step, regress: Planted(),
        "nets": lambda length, step, regress: Several(),
        "plain": lambda length, step, regress: Without(),
    }
    monkeypatch.setattr(models, "_FACTORIES", models._FACTORIES | quick)
    folder = tmp_path / "out"
    options = ["--folds", "3", "--subjects", "12", "--length", "20", "--seed", "4", "--quiet"]
    assert main(["compare", "--models", *quick, *options, "--out", str(folder)]) == 0
    capsys.readouterr()
    return folder


@pytest.fixture
def communities(folder, capsys):
    """Run the command; returns exit code, output, errors."""

    def run(*options, model=("quick",)):
        fixed = ["communities", str(folder), "--permutations", "3", "--model", *model]
        code = main([*fixed, *map(str, options)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_tables_hold_what_the_folds_learnt(communities, folder):
    code, out, err = communities("--seed", 7)
    assert code == 0 and err == ""
    comparison = load_comparison(folder)
    memberships = [comparison.fold("quick", "SITE", fold=f).membership for f in range(3)]
    expected = community_robustness(memberships, n_permutations=3, random_state=7)
    robustness = pandas.read_csv(folder / "robustness.csv")
    assert robustness.columns[:3].tolist() == ["method", "site", "repeat"]
    pandas.testing.assert_frame_equal(robustness[expected.columns], expected)
    table = pandas.read_csv(folder / "communities.csv")
    assert len(table) == 9 and table["dead"].sum() == 3
    assert table["influence"].tolist() == [0, 1, 2] * 3
    size = table.loc[~table["dead"], "size"].mean()
    pairs = expected[expected["fold"] == 0]
    cells = rf"^quick +SITE +{size:.1f} +{pairs['correlation'].mean():.3f} .* 33 %$"
    assert re.search(cells, out, re.MULTILINE)
    assert "15 %" in out and "11 ROIs" in out and str(folder) in out


def test_figures_are_written(communities, folder):
    pytest.importorskip("matplotlib")
    _, out, _ = communities()
    for name in ("robustness.png", "redundancy.png", "memberships.png"):
        assert name in out and (folder / name).read_bytes().startswith(b"\x89PNG")


def test_memberships_are_drawn_with_the_names_of_rois(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    drawn, names = [], ["Insula", "V1", "Putamen"]
    X = np.random.default_rng(0).normal(size=(12, 20, 3))
    scans = [pandas.DataFrame(scan, columns=names) for scan in X]
    net = LSTMDGClassifier(n_communities=2, n_units=2, max_updates=2)
    compare_models({"net": net}, scans, [0, 1] * 6, n_folds=3, out=tmp_path, random_state=0)

    def plot(membership, roi_names=None):
        drawn.append(list(roi_names))
        return MembershipDisplay(membership, roi_names=roi_names)

    monkeypatch.setattr("sklearn_lstmdg.cli._communities.MembershipDisplay", plot)
    assert main(["communities", str(tmp_path), "--permutations", "3"]) == 0
    assert drawn == [names]


def test_without_matplotlib_there_are_tables_only(communities, folder, monkeypatch):
    monkeypatch.setattr("sklearn_lstmdg.cli._communities.find_spec", lambda name: None)
    code, out, _ = communities()
    assert code == 0 and "png" not in out and not list(folder.glob("*.png"))
    assert (folder / "robustness.csv").exists()


def test_several_models_are_compared(communities):
    _, out, _ = communities("--quiet", model=("quick", "other"))
    (line,) = re.findall(r"quick against other: .*", out)
    assert re.search(r"redundancy -?\d\.\d\d against -?\d\.\d\d, correlation [+-]\d+ %", line)
    assert re.search(r"Dice [+-]\d+ %", line)
    assert "Results" not in out


def test_communities_of_several_nets_are_those_in_common(communities, folder):
    code, out, err = communities(model=("nets", "other"))
    assert code == 0 and err == ""
    shared = "20 communities that 4 networks of each fold have in common"
    assert out.count("in common") == 1 and f"nets: {shared}" in out
    comparison, table = load_comparison(folder), pandas.read_csv(folder / "communities.csv")
    for number, rows in table[table["method"] == "nets"].groupby("fold"):
        fold = comparison.fold("nets", "SITE", fold=number)
        np.testing.assert_array_equal(fold.membership, common_memberships(fold.memberships))
        assert rows["size"].tolist() == two_means(fold.membership).sum(axis=0).tolist()
        np.testing.assert_allclose(rows["influence"], fold.influence)
    assert f"<li>nets: {shared}.</li>" in write_report(folder).read_text(encoding="utf-8")


def test_folds_hardly_trained_are_told(communities, monkeypatch):
    summary = Comparison.summary
    monkeypatch.setattr(Comparison, "summary", lambda self: summary(self).assign(n_untrained=2))
    _, out, _ = communities()
    assert out.count("2 of 3 folds of quick at SITE") == 1 and "of other" not in out


@pytest.mark.slow
def test_parafac_decomposes_the_training_scans_of_the_folds(communities, folder):
    code, out, err = communities("--parafac", "--parafac-step", 40)
    assert code == 0 and "[3/3] parafac" in err and "quick against parafac" in out
    table = pandas.read_csv(folder / "communities.csv")
    assert set(table["method"]) == {"quick", "parafac"}
    assert table.loc[table["method"] == "parafac", "influence"].isna().all()
    fold = load_comparison(folder).fold("quick", "SITE", fold=1)
    scans = make_scans(n_subjects=12, random_state=4).data[fold.train]
    bags = SubsequenceAugmenter(20, 40, 0).fit_transform(ScanCleaner().fit_transform(scans))
    seed = make_seed(0, "parafac", "SITE", 0, 1) % 2**32
    membership = ParafacCommunities(3, random_state=seed).fit(bags).membership_
    kept = FoldStore(folder / "parafac").read_all()["parafac", "SITE", 0, 1]
    np.testing.assert_allclose(kept.arrays["membership"], membership, atol=1e-6)


@pytest.mark.slow
def test_parafac_goes_on_where_it_stopped(communities, folder, monkeypatch):
    options = ("--parafac", "--parafac-step", 40)
    _, first, _ = communities(*options)
    finished = sorted((folder / "parafac" / "folds").glob("*.npz"))
    assert len(finished) == 3
    finished[1].unlink()
    _, second, err = communities(*options)
    assert "2 of 3 folds were finished before" in err and err.count("] parafac") == 1
    assert second == first
    monkeypatch.setattr(_parafac, "_fit", None)
    assert communities(*options)[0] == 0  # nothing is left to fit
    code, _, err = communities("--parafac", "--parafac-step", 30)
    assert code == 2 and "these differ: settings" in err


def test_parafac_refuses_other_scans(communities, folder):
    path = folder / "options.json"
    options = json.loads(path.read_text())
    path.write_text(json.dumps(options | {"subjects": 8}))
    code, _, err = communities("--parafac")
    assert code == 2 and "not those compared" in err
    path.write_text("{}")
    code, _, err = communities("--parafac")
    assert code == 2 and "does not tell how scans were loaded" in err


@pytest.mark.parametrize(
    "change", [{"subjects": "8"}, {"sites": 3}, {"length": None}, {"atlas": []}]
)
def test_parafac_names_options_that_are_damaged(communities, folder, change):
    path = folder / "options.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    code, _, err = communities("--parafac")
    assert code == 2 and f"options.json is damaged: '{next(iter(change))}'" in err


def test_the_first_model_with_memberships_is_measured_by_default(folder, capsys):
    assert main(["communities", str(folder), "--permutations", "3", "--quiet"]) == 0
    assert "\nquick " in capsys.readouterr().out
    for path in (folder / "folds").glob("[!p]*"):
        path.unlink()
    assert main(["communities", str(folder)]) == 2
    assert "No model of the comparison has learnt membership" in capsys.readouterr().err


def test_faults_are_one_line(communities, folder):
    for options, message in (
        ({"model": ("lstm-dg",)}, "no model 'lstm-dg'; it has quick, other, nets, plain"),
        ({"model": ("plain",)}, "'plain' has no memberships"),
    ):
        code, _, err = communities(**options)
        assert code == 2 and message in err and len(err.strip().splitlines()) == 1
    for path in sorted((folder / "folds").glob("quick*"))[1:]:
        path.unlink()
    code, _, err = communities()
    assert code == 2 and "only one of quick, SITE, 0" in err
    assert main(["communities", str(folder / "nowhere")]) == 2


def test_the_table_is_of_pairs_with_the_first_fold():
    names = ["correlation", "correlation_null", "correlation_z", "dice", "dice_null", "dice_z"]
    pairs = pandas.DataFrame([[0.8, 0.2, 9.0, 0.6, 0.3, 5.0]] * 2, columns=names)
    pairs = pairs.join(pairs.add_prefix("matched_"))
    pairs.loc[1, "correlation"] = 0.1  # not with the first fold
    keys = {"method": "m", "site": "S", "repeat": 0}
    robustness = pairs.assign(**keys, fold=[1, 2], other=[2, 3])
    distinct = {"redundancy": [0.25, np.nan], "n_effective": 1.5}
    told = {"size": [4, 0], "dead": [False, True], "fold": 1}
    communities = pandas.DataFrame(told | distinct | keys)
    lines = format_communities(communities, robustness).splitlines()
    numbers = ["4.0", "0.800", "0.200", "9.0", "0.600", "0.300", "5.0", "0.250", "1.5"]
    assert lines[2].split() == ["m", "S", *numbers, "50", "%"]
