"""The paper's numbers as printed, and what is wrong in them."""

import numpy as np
import pytest

from sklearn_lstmdg.evaluation._published import published_results

pandas = pytest.importorskip("pandas")


SPREADS = ["acc_sd", "tpr_sd", "tnr_sd"]


def marked(published, name):
    """Site and model of the rows that are marked as wrong in a column."""
    wrong = published["wrong_values"].str.split().map(lambda names: name in names)
    return set(published[wrong][["paper_site", "model"]].itertuples(index=False, name=None))


def test_published_models_and_sites():
    published = published_results()
    assert published.groupby("paper_site", sort=False)["model"].size().to_dict() == {
        "NY": 6,
        "UM": 7,
        "US": 6,
        "UC": 6,
    }
    assert published.groupby("site", sort=False)["n_subjects"].unique().map(list).to_dict() == {
        "NYU": [184],
        "UM": [143],
        "USM": [101],
        "UCLA": [99],
    }
    row = published[(published["site"] == "USM") & (published["model"] == "LSTM-H")].iloc[0]
    values = ["acc", "acc_sd", "tpr", "tpr_sd", "tnr", "tnr_sd", "auc"]
    assert row[values].tolist() == [76.4, 13.9, 85.6, 18.0, 65.8, 22.2, 0.757]


def test_published_means_agree_with_the_text():
    """The text: LSTM-DG is best in accuracy at three sites and second at US."""
    acc = published_results().pivot(index="model", columns="paper_site", values="acc")
    assert acc.idxmax().to_dict() == {
        "NY": "LSTM-DG",
        "UM": "LSTM-DG",
        "US": "LSTM-H",
        "UC": "LSTM-DG",
    }
    assert acc["US"].nlargest(2).index[1] == "LSTM-DG"


def test_marked_accuracies_are_those_outside_tpr_and_tnr():
    published = published_results()
    low, high = published[["tpr", "tnr"]].min(axis=1), published[["tpr", "tnr"]].max(axis=1)
    outside = published[(published["acc"] < low) | (published["acc"] > high)]
    wanted = set(outside[["paper_site", "model"]].itertuples(index=False, name=None))
    assert marked(published, "acc") == wanted == {("NY", "HMM"), ("UM", "DTL")}


def test_marked_spreads_are_those_that_occur_twice():
    published = published_results()
    spread = published.dropna(subset=SPREADS)
    again = spread[spread.duplicated(["model", *SPREADS])]
    wanted = set(again[["paper_site", "model"]].itertuples(index=False, name=None))
    assert wanted == {("US", "LSTM-DG"), ("UC", "LSTM-DG"), ("UC", "LSTM-H")}
    for name in SPREADS:
        assert marked(published, name) == wanted


def test_marked_shares_are_those_that_no_count_gives():
    for _, part in published_results().groupby("site"):
        n, percent = part["n_subjects"].iloc[0], part["percent_positive"].iloc[0]
        possible = percent in np.round(100 * np.arange(n + 1) / n, 1)
        assert (part["site_erratum"] == "").all() == possible
