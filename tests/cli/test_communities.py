"""``lstmdg communities`` on the folds of a comparison."""

import re

import numpy as np
import pytest

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.communities import common_memberships, two_means
from sklearn_lstmdg.evaluation import (
    Comparison,
    community_robustness,
    compare_models,
    load_comparison,
)
from sklearn_lstmdg.plotting import MembershipDisplay
from sklearn_lstmdg.report import write_report

pandas = pytest.importorskip("pandas")


def test_tables_hold_what_the_folds_learnt(communities, learnt):
    code, out, err = communities("--seed", 7)
    assert code == 0 and err == ""
    comparison = load_comparison(learnt)
    memberships = [comparison.fold("quick", "SITE", fold=f).membership for f in range(3)]
    expected = community_robustness(memberships, n_permutations=3, random_state=7)
    robustness = pandas.read_csv(learnt / "robustness.csv")
    assert robustness.columns[:3].tolist() == ["method", "site", "repeat"]
    pandas.testing.assert_frame_equal(robustness[expected.columns], expected)
    table = pandas.read_csv(learnt / "communities.csv")
    assert len(table) == 9 and table["dead"].sum() == 3
    assert table["influence"].tolist() == [0, 1, 2] * 3
    size = table.loc[~table["dead"], "size"].mean()
    pairs = expected[expected["fold"] == 0]
    cells = rf"^quick +SITE +{size:.1f} +{pairs['correlation'].mean():.3f} .* 33 %$"
    assert re.search(cells, out, re.MULTILINE)
    assert "15 %" in out and "11 ROIs" in out and str(learnt) in out


def test_figures_are_written(communities, learnt):
    pytest.importorskip("matplotlib")
    _, out, _ = communities()
    for name in ("robustness.png", "redundancy.png", "memberships.png"):
        assert name in out and (learnt / name).read_bytes().startswith(b"\x89PNG")


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


def test_without_matplotlib_there_are_tables_only(communities, learnt, monkeypatch):
    monkeypatch.setattr("sklearn_lstmdg.cli._communities.find_spec", lambda name: None)
    code, out, _ = communities()
    assert code == 0 and "png" not in out and not list(learnt.glob("*.png"))
    assert (learnt / "robustness.csv").exists()


def test_several_models_are_compared(communities):
    _, out, _ = communities("--quiet", model=("quick", "other"))
    (line,) = re.findall(r"quick against other: .*", out)
    assert re.search(r"redundancy -?\d\.\d\d against -?\d\.\d\d, correlation [+-]\d+ %", line)
    assert re.search(r"Dice [+-]\d+ %", line)
    assert "Results" not in out


def test_communities_of_several_nets_are_those_in_common(communities, learnt):
    code, out, err = communities(model=("nets", "other"))
    assert code == 0 and err == ""
    shared = "20 communities that 4 networks of each fold have in common"
    assert out.count("in common") == 1 and f"nets: {shared}" in out
    comparison, table = load_comparison(learnt), pandas.read_csv(learnt / "communities.csv")
    for number, rows in table[table["method"] == "nets"].groupby("fold"):
        fold = comparison.fold("nets", "SITE", fold=number)
        np.testing.assert_array_equal(fold.membership, common_memberships(fold.memberships))
        assert rows["size"].tolist() == two_means(fold.membership).sum(axis=0).tolist()
        np.testing.assert_allclose(rows["influence"], fold.influence)
    assert f"<li>nets: {shared}.</li>" in write_report(learnt).read_text(encoding="utf-8")


def test_folds_hardly_trained_are_told(communities, monkeypatch):
    summary = Comparison.summary
    monkeypatch.setattr(Comparison, "summary", lambda self: summary(self).assign(n_untrained=2))
    _, out, _ = communities()
    assert out.count("2 of 3 folds of quick at SITE") == 1 and "of other" not in out


def test_the_first_model_with_memberships_is_measured_by_default(learnt, capsys):
    assert main(["communities", str(learnt), "--permutations", "3", "--quiet"]) == 0
    assert "\nquick " in capsys.readouterr().out
    for path in (learnt / "folds").glob("[!p]*"):
        path.unlink()
    assert main(["communities", str(learnt)]) == 2
    told = "No model of the comparison has learnt membership, as lstm-dg and lstm-h do: it has p"
    assert told in capsys.readouterr().err


def test_faults_are_one_line(communities, learnt):
    for options, message in (
        ({"model": ("lstm-dg",)}, "no model 'lstm-dg'; it has quick, other, nets, plain"),
        ({"model": ("plain",)}, "'plain' has no memberships"),
    ):
        code, _, err = communities(**options)
        assert code == 2 and message in err and len(err.strip().splitlines()) == 1
    for path in sorted((learnt / "folds").glob("quick*"))[1:]:
        path.unlink()
    code, _, err = communities()
    assert code == 2 and "only one of quick, SITE, 0" in err
    assert main(["communities", str(learnt / "nowhere")]) == 2
