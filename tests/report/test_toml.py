"""Options as a configuration file."""

from sklearn_lstmdg.report._toml import to_toml


def test_options_that_are_set_are_written():
    options = {"models": ["fc-svm"], "n_jobs": 2, "sites": None, "out": "x", "quiet": True}
    assert to_toml(options) == 'models = ["fc-svm"]\nn-jobs = 2'
    private = to_toml({"data_dir": "/home/somebody/scans"})
    assert private.startswith('data-dir = "~/') and "somebody" not in private
