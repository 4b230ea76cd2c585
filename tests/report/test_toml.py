"""Options as a configuration file."""

import pytest

from sklearn_lstmdg.report._toml import to_toml


def test_options_that_are_set_are_written():
    options = {"models": ["fc-svm"], "n_jobs": 2, "sites": None, "out": "x", "quiet": True}
    assert to_toml(options) == 'models = ["fc-svm"]\nn-jobs = 2'


@pytest.mark.parametrize("name", ["data-dir", "bids", "table", "participants"])
def test_folders_of_scans_are_left_to_the_reader(name):
    private = to_toml({name.replace("-", "_"): "/home/somebody/scans"})
    assert private.startswith(f'{name} = "~/') and "somebody" not in private
