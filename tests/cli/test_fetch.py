"""ABIDE's scans are downloaded as the options ask."""

import pytest

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_fetch_hands_its_options_on(run, monkeypatch, cohort):
    asked = {}

    def fetch(data_dir, **options):
        asked.update(options, data_dir=data_dir)
        return cohort

    monkeypatch.setattr("sklearn_lstmdg.cli._fetch.fetch_abide", fetch)
    options = ["--data-dir", "scans", "--atlas", "ho", "--sites", "NYU", "--quality-checked"]
    code, out, _ = run("fetch", *options, "--no-global-signal-regression", "--pipeline", "cpac")
    assert code == 0 and "12 subjects (6 group 1, 6 group 0)" in out
    assert asked == {
        **{"data_dir": "scans", "atlas": "ho", "sites": ["NYU"], "pipeline": "cpac"},
        **{"band_pass_filtering": True, "global_signal_regression": False},
        **{"quality_checked": True, "verbose": 1},
    }
    assert run("fetch", *options, "--quiet")[1] == "" and asked["verbose"] == 0
