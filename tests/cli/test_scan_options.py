"""Which scans a command works on, and what is said of them."""

import re

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.cli._main import _make_parser
from sklearn_lstmdg.cli._scan_options import (
    load_cohort,
    load_unlabeled,
    name_sites,
    permute_labels,
    settle_scans,
)

pandas = pytest.importorskip("pandas")


def test_labels_are_permuted_within_sites():
    labels, sites = np.repeat([0, 1, 1, 0], 20), np.repeat(["A", "B"], 40)
    labels[:5] = 1
    subjects = np.arange(80)
    permuted = permute_labels(labels, sites, subjects, 3)
    for site in "AB":
        assert permuted[sites == site].sum() == labels[sites == site].sum()
    alone = permute_labels(labels[40:], sites[40:], subjects[40:], 3)
    np.testing.assert_array_equal(permuted[40:], alone)
    assert not np.array_equal(permuted, permute_labels(labels, sites, subjects, 4))


def test_sessions_of_a_participant_keep_one_label_when_labels_are_permuted():
    labels, sites = np.tile(np.arange(20) % 2, 3), np.full(60, "all")
    participants = np.tile([f"sub-{i}" for i in range(20)], 3)
    permuted = permute_labels(labels, sites, participants, 3).reshape(3, 20)
    assert (permuted == permuted[0]).all() and permuted[0].sum() == 10
    assert not np.array_equal(permuted[0], labels[:20])
    families = np.repeat(np.arange(30), 2)  # of both classes
    mixed = permute_labels(labels, sites, families, 3)
    np.testing.assert_array_equal(mixed, permute_labels(labels, sites, np.arange(60), 3))


def test_samples_of_a_site_are_one_site_unless_named():
    ids = np.array(["UM_1", "UM_2", "NYU", "MAX_MUN"])
    assert name_sites(ids, None).tolist() == ["UM", "UM", "NYU", "MAX_MUN"]
    assert name_sites(ids, ["um", "NYU"]).tolist() == ["UM", "UM", "NYU", "MAX_MUN"]
    assert name_sites(ids[:1], ["um_1"]).tolist() == ["UM_1"]
    assert name_sites(ids[:2], ["UM_1", "UM_2"]).tolist() == ["UM_1", "UM_2"]
    with pytest.raises(ValueError, match="UM contains UM_1"):
        name_sites(ids, ["UM", "UM_1"])


def test_unlabeled_sites_give_their_controls_only(monkeypatch):
    def load(data_dir, sites, **options):
        assert (options["atlas"], options["pipeline"]) == ("ho", "ccs")
        names = np.array([site for site in sites for _ in range(2)])
        target = np.arange(len(names)) % 2
        return Bunch(data=[np.full((3, 2), i) for i in target], target=target, sites=names)

    monkeypatch.setattr("sklearn_lstmdg.cli._scan_options.load_abide", load)

    def parse(*options):
        line = ["compare", "--data-dir", "d", "--atlas", "ho", "--sites", "NYU"]
        args = _make_parser().parse_args([*line, *options])
        settle_scans(args)
        return args

    cohort = load_cohort(parse())
    assert load_unlabeled(parse(), cohort) is None
    others = load_unlabeled(parse("--unlabeled-sites", "OHSU", "UM"), cohort)
    assert [scan[0, 0] for scan in others] == [0, 0]
    with pytest.raises(
        ValueError, match="--unlabeled-sites names NYU, whose subjects are compared"
    ):
        load_unlabeled(parse("--unlabeled-sites", "UM", "NYU"), cohort)


def test_real_scans_with_site_counts_and_motion(compare, data_dir):
    code, out, _ = compare(
        *["--data-dir", data_dir, "--atlas", "ho", "--pipeline", "cpac"],
        *["--no-global-signal-regression", "--sites", "trinity"],
    )
    assert code == 0
    assert re.search(r"TRINITY: 44 subjects .* 44 files found for 49 in the table", out)
    assert "mean head motion" in out


def test_simulated_scans_have_confounds_too(compare):
    code, out, err = compare("--confounds")
    assert code == 0, err
    assert re.search(r"^confounds ", out, re.MULTILINE)


def test_confounds_that_are_not_there_are_named(compare):
    code, _, err = compare("--confounds", "HANDEDNESS")
    assert code == 2
    assert "HANDEDNESS" in err
