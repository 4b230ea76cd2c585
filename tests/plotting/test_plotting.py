"""What is drawn is what was given."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.evaluation import community_robustness, compare_models
from sklearn_lstmdg.plotting import (
    GenerationDisplay,
    HistoryDisplay,
    MembershipDisplay,
    RecoveryDisplay,
    RobustnessDisplay,
    ROCDisplay,
)

from _stubs import Noise

matplotlib = pytest.importorskip("matplotlib")
pandas = pytest.importorskip("pandas")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def comparison():
    """Two models that draw numbers, at two sites."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((48, 8, 4)), np.tile([0, 1], 24)
    X[y == 1] += 0.5
    models = {"one": Noise(), "two": Noise(scale=2.0)}
    sites = np.repeat(["A", "B"], 24)
    return compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)


def labels_of(ax):
    return ax.get_legend_handles_labels()[1]


# Histories


def test_history_draws_both_losses_and_the_best_epoch():
    history = {"train_loss": [3.0, 2.0, 1.0], "valid_loss": [3.0, 1.5, 2.5]}
    display = HistoryDisplay([history], [2]).plot()
    curves = {line.get_label(): line for line in display.ax_[0].lines}
    np.testing.assert_array_equal(curves["training"].get_ydata(), [3, 2, 1])
    np.testing.assert_array_equal(curves["validation"].get_xdata(), [1, 2, 3])
    best = curves["epoch that is kept"]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (2, 1.5)
    assert display.figure_ is display.ax_[0].figure


def test_history_of_an_estimator(scans):
    X, y = scans
    model = LSTMDGClassifier(n_communities=2, n_units=2, max_epochs=3, random_state=0)
    pipeline = make_pipeline(model).fit(X, y)
    display = HistoryDisplay.from_estimator(pipeline)
    assert display.losses() == ["gen_loss", "disc_loss", "subject_loss"] and len(display.ax_) == 3
    drawn = display.ax_[1].lines[1].get_ydata()
    np.testing.assert_allclose(drawn, pipeline[-1].history_["valid_disc_loss"])
    discriminative = LSTMDGClassifier("d", n_communities=2, n_units=2, max_epochs=1).fit(X, y)
    assert "gen_loss" not in HistoryDisplay.from_estimator(discriminative).losses()


def test_history_of_folds_of_different_length():
    folds = [{"valid_loss": [4.0, 2.0]}, {"valid_loss": [2.0, 1.0, 1.0]}, {"valid_loss": [3.0]}]
    ax = HistoryDisplay(folds, [2, None, 1]).plot().ax_[0]
    curves = {line.get_label(): line for line in ax.lines}
    median = curves["validation, median of folds"]
    np.testing.assert_array_equal(median.get_ydata(), [3, 1.5])  # two of three train there
    np.testing.assert_array_equal(curves["epoch that is kept"].get_xdata(), [2, 1])


def test_history_of_a_comparison(comparison):
    display = HistoryDisplay.from_comparison(comparison, "one", site="B")
    assert len(display.histories) == 3 and display.losses() == ["loss"]
    assert len(HistoryDisplay.from_comparison(comparison, "one").histories) == 6
    with pytest.raises(ValueError, match="no history of model 'three'"):
        HistoryDisplay.from_comparison(comparison, "three")


def test_history_faults():
    with pytest.raises(ValueError, match="no 'auc'; known are \\['loss'\\]"):
        HistoryDisplay([{"train_loss": [1.0]}]).plot(["auc"])
    fitted = Noise().fit(np.zeros((2, 3, 4)), [0, 1])
    fitted.history_ = {}
    with pytest.raises(ValueError, match="Noise has no history_"):
        HistoryDisplay.from_estimator(fitted)
    _, axes = pyplot.subplots(1, 2)
    with pytest.raises(ValueError, match="1 axes"):
        HistoryDisplay([{"train_loss": [1.0]}]).plot(ax=axes)


# ROC


def test_roc_is_the_mean_of_the_folds(comparison):
    from sklearn.metrics import roc_auc_score

    display = ROCDisplay.from_comparison(comparison, site="A", band="deviation")
    assert list(display.curves) == ["one", "two"] and display.curves["one"].shape == (3, 101)
    frame = comparison.predictions.query("model == 'two' and site == 'A'")
    areas = [roc_auc_score(fold.y, fold.score) for _, fold in frame.groupby("fold")]
    np.testing.assert_allclose(display.areas["two"], areas)
    assert labels_of(display.ax_) == [
        "chance",
        *(f"{model}, AUC {areas.mean():.2f}" for model, areas in display.areas.items()),
    ]
    np.testing.assert_allclose(display.ax_.lines[2].get_ydata(), display.curves["two"].mean(axis=0))
    assert len(display.ax_.collections) == 2


def test_roc_curve_and_bands():
    from sklearn_lstmdg.plotting._roc_display import _curve

    curve = _curve([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.2])  # half found at once, the rest at 0.5
    np.testing.assert_array_equal(curve[[0, 1, 49, 50, 100]], [0, 0.5, 0.5, 1, 1])
    display = ROCDisplay({"m": np.stack([curve, curve * 0])}, {"m": np.array([0.75, 0.0])})
    band = display.plot("error").ax_.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(1) and band[:, 1].min() == pytest.approx(0)
    assert not display.plot(None).ax_.collections
    with pytest.raises(ValueError, match="band must be"):
        display.plot("wide")


def test_roc_leaves_out_folds_of_one_class(comparison):
    class Told:
        pos_label = 1
        predictions = comparison.predictions.copy()

    first = (Told.predictions["fold"] == 0) & (Told.predictions["site"] == "A")
    Told.predictions.loc[first, "y"] = 1
    display = ROCDisplay.from_comparison(Told, models=["two"])
    assert list(display.curves) == ["two"] and len(display.curves["two"]) == 5
    with pytest.raises(ValueError, match="'three' has no fold"):
        ROCDisplay.from_comparison(Told, models=["three"])


# Memberships


def test_memberships_become_blocks():
    membership = np.kron(np.eye(3), np.ones((4, 1))) * [2, 5, 1]
    rng = np.random.default_rng(0)
    shuffled = membership[rng.permutation(12)]
    shown = MembershipDisplay(shuffled).plot().image_.get_array()
    np.testing.assert_array_equal(shown, np.kron(np.eye(3), np.ones((4, 1))))
    raw = MembershipDisplay(shuffled).plot(scale=False, colorbar=False)
    np.testing.assert_array_equal(raw.image_.get_array(), membership)
    assert len(raw.figure_.axes) == 1


def test_memberships_in_the_order_of_a_reference():
    rng = np.random.default_rng(0)
    truth = np.kron(np.eye(3), rng.uniform(0.5, 1, (5, 1)))[rng.permutation(15)]
    found = np.column_stack([rng.uniform(size=15) * 0.1, truth[:, [2, 0, 1]], truth[:, 1] * 0.5])
    found[0, 4] += 0.2
    display = MembershipDisplay(found, truth).plot()
    np.testing.assert_array_equal(display.community_order_[:3], [2, 3, 1])
    np.testing.assert_array_equal(display.roi_order_, MembershipDisplay(truth).roi_order_)
    assert sorted(display.community_order_) == [0, 1, 2, 3, 4]
    assert [line.get_ydata()[0] for line in display.ax_.lines] == [4.5, 9.5]


def test_memberships_of_an_estimator_with_names():
    model = make_pipeline(Noise().fit(np.zeros((2, 3, 5)), [0, 1]))
    _, ax = pyplot.subplots()
    display = MembershipDisplay.from_estimator(model, roi_names=list("abcde"), ax=ax, title="T")
    assert display.ax_ is ax and ax.get_title() == "T"
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "abcde"[roi] for roi in display.roi_order_
    ]
    with pytest.raises(ValueError, match="5 ROIs and roi_names has 4"):
        MembershipDisplay.from_estimator(model, roi_names=list("abcd"))
    wide = MembershipDisplay(np.eye(60)).plot().ax_
    assert not len(wide.get_xticks()) and "60" in wide.get_xlabel()


def test_a_dead_community_stands_last():
    membership = np.array([[0.0, 1.0, 0.1], [0.0, 0.2, 1.0]])
    display = MembershipDisplay(membership).plot()
    np.testing.assert_array_equal(display.community_order_, [1, 2, 0])
    assert np.isfinite(display.image_.get_array()).all()


# Robustness


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
    assert labels_of(display.ax_[0]) == ["first", "second"]


def test_sizes_of_dead_communities_are_left_out():
    alive = np.repeat([1.0, 0.0], [3, 5])
    folds = [np.column_stack([alive, np.zeros(8)])] * 2
    display = RobustnessDisplay.from_memberships({"m": {"s": folds}}, n_permutations=2)
    np.testing.assert_array_equal(display.sizes["m"]["s"], [3, 3])


# Generation and recovery


def test_generation_draws_series_spectra_and_connectivity():
    rng = np.random.default_rng(0)
    real, generated = rng.standard_normal((2, 3, 40, 5))
    display = GenerationDisplay(real, generated, t_r=3.0, subject=1, rois=[4, 2]).plot()
    lines = display.ax_[0].lines
    np.testing.assert_allclose(lines[0].get_ydata(), real[1, :, 4])
    np.testing.assert_allclose(lines[1].get_ydata(), generated[1, :, 4])
    assert lines[0].get_xdata()[-1] == 120
    shown = np.asarray(display.ax_[2].images[0].get_array())
    mean = np.mean([np.corrcoef(scan.T) for scan in real], axis=0)
    np.testing.assert_allclose(shown[0, 3], mean[0, 3], atol=1e-6)
    mean = np.mean([np.corrcoef(scan.T) for scan in generated], axis=0)
    np.testing.assert_allclose(shown[3, 0], mean[3, 0], atol=1e-6)
    with pytest.raises(ValueError, match="must both have the shape"):
        GenerationDisplay(real, generated[:, :30])


def test_generation_of_an_estimator(scans):
    X, y = scans
    bags = np.lib.stride_tricks.sliding_window_view(X, 13, axis=1).swapaxes(2, 3)
    model = LSTMDGClassifier(n_communities=2, n_units=2, max_epochs=1, random_state=0)
    display = GenerationDisplay.from_estimator(model.fit(bags, y), bags, n_steps=20)
    np.testing.assert_array_equal(display.real, X[:, 12:32])
    assert display.generated.shape == (12, 20, 6) and len(display.rois) == 4


def test_recovery_draws_means_over_repetitions():
    records = pandas.DataFrame(
        {
            "method": ["b", "b", "b", "a"],
            "noise": [1, 1, 2, 1],
            "dice_adjusted": [0.2, 0.4, 0.1, 0.9],
        }
    )
    ax = RecoveryDisplay.from_records(records, "noise").ax_
    assert labels_of(ax) == ["b", "a"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.3, 0.1])
    with pytest.raises(ValueError, match="lacks the columns n_subjects"):
        RecoveryDisplay(records, "n_subjects")
