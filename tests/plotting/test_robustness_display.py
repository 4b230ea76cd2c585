"""Sizes and robustness of communities."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.evaluation import community_robustness, measure_communities
from sklearn_lstmdg.plotting import RobustnessDisplay

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_robustness_draws_the_pairs_with_the_reference():
    rng = np.random.default_rng(0)
    folds = {
        method: {site: list(rng.uniform(size=(4, 12, 3))) for site in ("X", "Y")}
        for method in ("first", "second")
    }
    display = RobustnessDisplay.from_memberships(folds, n_permutations=5, random_state=1)
    frame = community_robustness(folds["second"]["Y"], n_permutations=5, random_state=1)
    pairs = frame[frame["fold"] == 0]
    means = [line for line in display.ax_[2].lines if line.get_marker() == "D"]
    assert len(means) == 4
    assert means[3].get_ydata()[0] == pytest.approx(pairs["dice"].mean())
    levels = [line for line in display.ax_[1].lines if line.get_linestyle() not in ("-", "None")]
    drawn = [line.get_ydata()[0] for line in levels if len(line.get_ydata())]
    assert drawn[3] == pytest.approx(pairs["correlation_null"].mean())
    assert [tick.get_text() for tick in display.ax_[0].get_xticklabels()] == ["X", "Y"]
    assert display.ax_[0].get_legend_handles_labels()[1] == ["first", "second"]


def test_sizes_of_dead_communities_are_left_out():
    alive = np.repeat([1.0, 0.0], [3, 5])
    folds = [np.column_stack([alive, np.zeros(8)])] * 2
    display = RobustnessDisplay.from_memberships({"m": {"s": folds}}, n_permutations=2)
    np.testing.assert_array_equal(display.sizes["m"]["s"], [3, 3])


def test_tables_of_a_comparison_are_drawn():
    rng = np.random.default_rng(0)
    folds = {
        (method, "X", repeat, number): Bunch(membership=rng.uniform(size=(9, 2)), influence=None)
        for method in ("dead", "alive")
        for repeat in (0, 1)
        for number in (3, 4, 5)
    }
    for key in folds:
        if key[0] == "dead":
            folds[key].membership = np.ones((9, 2))
    communities, robustness = measure_communities(folds, 3, random_state=0)
    display = RobustnessDisplay.from_tables(communities, robustness)
    assert display.sizes["dead"]["X"].size == 0 and display.sizes["alive"]["X"].size == 12
    pairs = robustness[(robustness["method"] == "alive") & (robustness["fold"] == 3)]
    means = [line for line in display.ax_[1].lines if line.get_marker() == "D"]
    assert len(pairs) == 4
    assert means[1].get_ydata()[0] == pytest.approx(pairs["correlation"].mean())


def test_redundancy_stands_beside_robustness():
    rng = np.random.default_rng(0)
    folds = {
        (method, "X", 0, number): Bunch(membership=rng.uniform(size=(9, 3)), influence=None)
        for method in ("copies", "distinct")
        for number in range(3)
    }
    for key, fold in folds.items():
        if key[0] == "copies":
            fold.membership[:, 1] = fold.membership[:, 0]
    communities, robustness = measure_communities(folds, 3, random_state=0)
    display = RobustnessDisplay.from_tables(communities, robustness)
    means = [line.get_ydata()[0] for line in display.ax_[3].lines if line.get_marker() == "D"]
    wanted = communities.groupby("method", sort=False)["redundancy"].mean()
    assert means == pytest.approx(wanted.tolist()) and means[0] > 0.6
    assert display.ax_[3].get_ylabel() == "Correlation with the most alike of the fold"
    older = communities.drop(columns="redundancy")
    assert len(RobustnessDisplay.from_tables(older, robustness).ax_) == 3


def test_a_single_community_has_no_redundancy(recwarn):
    folds = {"m": {"s": [np.repeat([[1.0], [0.0]], 4, axis=0)] * 3}}
    display = RobustnessDisplay.from_memberships(folds, n_permutations=3, random_state=0)
    display.figure_.canvas.draw()
    assert display.redundancy["m"]["s"].size == 0 and len(display.ax_) == 4 and not recwarn


def test_no_two_methods_look_alike():
    memberships = [np.eye(4)[:, :2]] * 2
    folds = {f"method {n}": {"s": memberships} for n in range(15)}
    display = RobustnessDisplay.from_memberships(folds, n_permutations=2, random_state=0)
    looks = [
        (patch.get_facecolor(), patch.get_hatch())
        for patch in display.ax_[0].get_legend().get_patches()
    ]
    assert len(set(looks)) == 15
    assert {patch.get_hatch() for patch in display.ax_[1].patches} == {look for _, look in looks}
