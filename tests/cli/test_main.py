"""How the command fails, is read, and is interrupted."""

import os
import subprocess
import sys

import pytest

pandas = pytest.importorskip("pandas")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--unlabeled-sites", "UM"], "--unlabeled-sites needs --data-dir"),
        (["--scheme", "leave-one-site-out"], "needs two sites"),
        (["--models", "lstm"], "Unknown model 'lstm'; known are lstm-dg"),
        (["--data-dir", "nowhere"], "no folder nowhere"),
        (["--folds", 99], "--subjects 12 is too few for --folds 99"),
        (["--subjects", 3], "has 2 subjects of its largest class, too few for n_folds=3"),
        (["--atlas", "ho", "--sites", "NYU"], "--atlas, --sites needs --data-dir"),
        (["--resample-to", 2], "--resample-to needs --data-dir"),
        (["--atlas", "aal", "--pipeline", "ccs"], "--atlas, --pipeline needs --data-dir"),
        (["--global-signal-regression"], "--global-signal-regression needs --data-dir"),
        (["--confounds", "IQ"], "no column 'IQ' for --confounds; it has SUB_ID, SITE_ID, DX_GROUP"),
        (["--models", "broken"], "'broken' failed"),
    ],
)
def test_errors_are_one_line(compare, options, message):
    code, _, err = compare(*options)
    last = err.strip().splitlines()[-1]
    assert code == 2 and last.startswith("lstmdg: error: ") and message in last
    assert "Traceback" not in err


def test_debug_shows_the_traceback(compare):
    with pytest.raises(ValueError, match="Unknown model"):
        compare("--models", "lstm", "--debug")


@pytest.mark.parametrize(
    "options", [["compare", "--nonsense"], ["fly"], ["compare", "--folds", "x"]]
)
def test_wrong_usage_is_one_line(refuse, options):
    assert "--help" in refuse(*options)


def test_an_unknown_option_names_the_help_of_its_command(refuse):
    line = refuse("compare", "--nonsense", "x")
    assert line.startswith("lstmdg compare: error: unrecognized arguments: --nonsense x")
    assert line.endswith("(see lstmdg compare --help)")


def test_usage_errors_steer_no_terminal(refuse):
    for options in (["\x1b[2Jfly"], ["compare", "--scheme", "\x1b]0;x\x07\npooled"]):
        line = refuse(*options)
        assert "\x1b" not in line and "\x07" not in line and "x1b" in line


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_ends_the_command_quietly(unbuffered):
    code = (
        "from sklearn_lstmdg.cli import _main, main\n"
        "_main.COMMANDS[-1].__class__.run = lambda command, args: _main.say('x' * 9999)\n"
        "raise SystemExit(main(['fetch']))"
    )
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": writer, "stderr": subprocess.PIPE, "check": False}
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, **streams)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_an_interrupt_says_how_to_go_on(compare, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("sklearn_lstmdg.cli._compare.compare_models", interrupt)
    code, _, err = compare()
    assert code == 130 and "run the same command to resume" in err and "Traceback" not in err


def test_the_module_runs():
    answer = subprocess.run(
        [sys.executable, "-m", "sklearn_lstmdg", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.startswith("sklearn_lstmdg ")
