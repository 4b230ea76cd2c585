"""Tables for people."""

import re

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.cli._text_tables import format_communities, format_summary

pandas = pytest.importorskip("pandas")


def test_the_table_is_the_paper_s():
    row = {"model": "lstm-dg", "site": "NYU", "n_subjects": 184, "n_folds": 10, "n_one_class": 1}
    means = {"acc": 0.722, "tpr": 0.574, "tnr": 0.841, "auc": 0.5, "auc_pooled": 0.772}
    spreads = {"acc_sd": 0.147, "tpr_sd": 0.255, "tnr_sd": 0.122}
    lines = format_summary(pandas.DataFrame([row | means | spreads])).splitlines()
    cells = ["lstm-dg", "NYU", "184", "72.2 (14.7)", "57.4 (25.5)", "84.1 (12.2)", "0.772"]
    assert re.split(" {2,}", lines[2]) == cells
    assert "1 of the test folds held one class only" in lines[-1]


def test_r_of_one_site_stands_beside_that_of_all():
    kind = {"name": "continuous", "metrics": ("r", "mae"), "main": "r", "undefined": "n_undefined"}
    row = {"model": "a", "site": "pooled", "n_subjects": 9, "n_folds": 3, "n_undefined": 0}
    row |= {"r_pooled": 0.5, "r_within_sites": 0.25, "mae": 2.0, "mae_sd": 0.1}
    head, _, line, *told = format_summary(pandas.DataFrame([row]), Bunch(**kind)).splitlines()
    assert head.endswith(" r within sites")
    assert (line.split()[3], line.split()[-1]) == ("0.500", "0.250")
    assert told[1].endswith("subjects from the mean of their site.")


def test_a_name_adds_no_row():
    row = {
        "model": "a\nb\x1b[2J",
        "site": "A\r\nB",
        "n_subjects": 9,
        "n_folds": 3,
        "n_one_class": 0,
    }
    row |= dict.fromkeys(["acc", "tpr", "tnr", "auc_pooled", "acc_sd", "tpr_sd", "tnr_sd"], 0.5)
    row["n_untrained"] = 1.0
    text = format_summary(pandas.DataFrame([row]))
    assert text.splitlines()[2].startswith(r"a b\x1b[2J  A B")
    assert r"of a b\x1b[2J at A B." in text
    assert text.count("\n") == len(text.splitlines()) - 1


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
    lines = format_summary(pandas.DataFrame([row])).splitlines()
    assert lines[2].split() == ["svm", "NYU", "9", "50.0", "25.0", "75.0", "0.500"]
    assert lines[3] == "One fold each; AUC over the test subjects of all folds."


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
