"""The demonstration, which is the command without a sub-command."""

import pytest

from sklearn_lstmdg.cli import main

from _stubs import Noise

pandas = pytest.importorskip("pandas")


def test_no_command_is_the_demonstration(tmp_path, monkeypatch, capsys):
    from sklearn_lstmdg.cli import _demo

    made = []

    def make(name, **parameters):
        made.append(name)
        return Noise()

    monkeypatch.setattr(_demo, "make_model", make)
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert made == ["lstm-dg", "lstm-h", "lstm-d", "lstm-s", "fc-svm"]
    assert (tmp_path / "lstmdg-results" / "summary.csv").exists()
    assert "What next" in capsys.readouterr().out
