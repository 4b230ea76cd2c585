"""How many subjects a difference takes, against simulated studies of that size."""

import numpy as np
import pytest
from scipy import stats

from sklearn_lstmdg.evaluation import subjects_needed, test_against

from _tables import make_predictions, make_several_classes, make_tables

pandas = pytest.importorskip("pandas")


def draw(rng, n, skills=(1.2, 0.6)):
    """Scores of two models that err on the same subjects, for n subjects, a third positive."""
    y = np.arange(n) % 3 == 0
    shared = rng.normal(size=n)
    return y, [shared + rng.normal(size=n) + skill * y for skill in skills]


def tabulate(y, scores):
    keys = {"site": "S", "repeat": 0, "fold": 0, "subject": np.arange(len(y)), "y": y * 1}
    return pandas.concat(
        pandas.DataFrame(keys | {"model": model, "score": score, "predicted": (score > 0) * 1})
        for model, score in zip(("lstm-dg", "other"), scores, strict=True)
    )


def test_a_study_of_that_size_has_the_power():
    rng = np.random.default_rng(0)
    y, scores = draw(rng, 6000, (1.6, 0.6))
    truth = stats.norm.cdf(1.6 / 2) - stats.norm.cdf(0.6 / 2)
    needed = subjects_needed(tabulate(y, scores), difference=truth)
    n, found = int(needed["n_needed"][0]), []
    assert needed["difference_pooled"][0] == pytest.approx(truth, abs=0.02) and n < 200
    for _ in range(200):
        told = subjects_needed(tabulate(*draw(rng, n, (1.6, 0.6)))).iloc[0]
        z = abs(told["difference_pooled"]) / told["standard_error"]
        found.append(z > stats.norm.isf(0.025))
    # Standard error of 80 % in 200 studies: 3 %.
    assert 0.71 < np.mean(found) < 0.89


def test_the_formula_by_hand():
    y, scores = draw(np.random.default_rng(1), 60)
    row = subjects_needed(tabulate(y, scores), difference=0.05, power=0.9, alpha=0.01).iloc[0]
    kernels = [(np.sign(s[y][:, None] - s[~y]) + 1) / 2 for s in scores]
    gain = kernels[0] - kernels[1]
    variance = gain.mean(1).var(ddof=1) / 20 + gain.mean(0).var(ddof=1) / 40
    assert row["difference_pooled"] == pytest.approx(gain.mean())
    assert row["standard_error"] == pytest.approx(np.sqrt(variance))
    z = stats.norm.ppf(0.995) + stats.norm.ppf(0.9)
    assert row["n_needed"] == np.ceil(z**2 * 60 * variance / 0.05**2) and row["n_subjects"] == 60
    assert row["smallest_difference"] == pytest.approx(z * np.sqrt(variance))


def test_more_of_the_same_subjects_needs_no_more():
    predictions = make_predictions(n=80)
    wanted = subjects_needed(predictions)
    assert wanted["model"].tolist() == ["lstm-s", "fc-svm"]
    repeats = pandas.concat([predictions.assign(repeat=i) for i in range(3)])
    pandas.testing.assert_frame_equal(subjects_needed(repeats), wanted)
    twins = predictions.loc[predictions.index.repeat(2)]
    told = subjects_needed(twins)
    np.testing.assert_allclose(told["standard_error"], wanted["standard_error"], rtol=0.03)
    counts = [table["n_needed"].astype(int) for table in (told, wanted)]
    np.testing.assert_allclose(*counts, rtol=0.05)
    assert told["n_subjects"].tolist() == wanted["n_subjects"].tolist() == [160, 160]


@pytest.mark.parametrize("target", ["two classes", "three classes", "a quantity"])
def test_one_alone_of_a_class_at_a_site_counts(target):
    folds, predictions = make_tables(skills={"lstm-dg": 1.0, "other": 0.3})
    if target == "three classes":
        predictions = make_several_classes(predictions)
    if target == "a quantity":
        predictions = predictions.assign(predicted=predictions["score"]).drop(columns="score")
    label = {"two classes": 1, "three classes": "b", "a quantity": -1}[target]
    few = (predictions["site"] == "NYU") & ((predictions["y"] == label) | (label == -1))
    alone = predictions[~few | (predictions["subject"] == "NYU1")]
    needed = subjects_needed(alone)
    metric = "mae" if target == "a quantity" else "auc"
    folds = folds.assign(mae=0.0)
    told = test_against(folds, alone, metrics=[metric], n_permutations=9)
    assert needed["difference_pooled"][0] == pytest.approx(told["difference_pooled"][0])
    assert needed["n_subjects"][0] == alone["subject"].nunique()
    assert needed["standard_error"][0] > 0


def test_nothing_to_see_is_missing():
    y, scores = draw(np.random.default_rng(1), 60)
    assert subjects_needed(tabulate(y, scores[:1] * 2))["n_needed"].isna().all()
    controls = make_predictions().query("y == 0")
    assert subjects_needed(controls, pos_label=0)["n_needed"].isna().all()


def test_bad_numbers_are_named():
    predictions = make_predictions()
    for name in ("difference", "power", "alpha"):
        with pytest.raises(ValueError, match=name):
            subjects_needed(predictions, **{name: 0.0})
    with pytest.raises(ValueError, match="'hmm' and others are needed; predictions holds"):
        subjects_needed(predictions, "hmm")
