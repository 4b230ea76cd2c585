"""Each sub-command's help."""

import pytest

from sklearn_lstmdg.cli import main

pandas = pytest.importorskip("pandas")


def test_help_shows_an_example(capsys):
    for options in (["--help"], ["compare", "--help"]):
        with pytest.raises(SystemExit) as stop:
            main(options)
        assert stop.value.code == 0
    out = capsys.readouterr().out
    assert "lstmdg compare --data-dir" in out and "demonstration" in out


@pytest.mark.parametrize("command", ["report", "decode", "fetch"])
def test_commands_on_folders_show_an_example(capsys, command):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert stop.value.code == 0 and f"  lstmdg {command} " in out and "--quiet" in out
