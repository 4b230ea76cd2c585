"""A study in one file: options of a command from TOML."""

import json

import pytest

from sklearn_lstmdg.cli._main import _make_parser
from sklearn_lstmdg.report._toml import to_toml

STUDY = """\
data-dir = "scans"
sites = ["NYU", "UM_1"]
models = ["lstm-dg", "fc-svm"]
folds = 5
resample-to = 2
global-signal-regression = false
regress-global-mean = true
quality-checked = false
"""


@pytest.fixture
def parse(tmp_path):
    """Parse a command line whose ``--config`` holds the given text."""

    def run(text, *options, command="compare"):
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return _make_parser().parse_args([command, *options, "--config", str(path)])

    return run


@pytest.fixture
def refuse_file(tmp_path, refuse):
    """Return the one line that a file is refused with."""

    def refuse_file(text, command="compare"):
        path = tmp_path / "study.toml"
        path.write_text(text, encoding="utf-8")
        return refuse(command, "--config", path)

    return refuse_file


def test_a_study_is_what_one_would_type(parse):
    typed = [
        *["compare", "--data-dir", "scans", "--sites", "NYU", "UM_1", "--folds", "5"],
        *["--models", "lstm-dg", "fc-svm", "--resample-to", "2"],
        *["--no-global-signal-regression", "--regress-global-mean"],
    ]
    from_file, from_line = vars(parse(STUDY)), vars(_make_parser().parse_args(typed))
    assert from_file.pop("config").endswith("study.toml") and from_line.pop("config") is None
    assert from_file == from_line


def test_the_command_line_wins(parse):
    options = ["--folds", "3", "--models", "lstm-h", "--global-signal-regression"]
    args = parse(STUDY, *options)
    assert args.folds == 3 and args.models == ["lstm-h"] and args.global_signal_regression
    assert args.sites == ["NYU", "UM_1"]


def test_a_list_does_not_take_the_folder_that_follows(parse):
    args = parse('model = ["lstm-dg", "lstm-h"]', "results", command="communities")
    assert args.folder == "results" and args.model == ["lstm-dg", "lstm-h"]


def test_tables_hold_the_options_of_one_command(parse):
    text = 'seed = 4\n[compare]\nfolds = 5\nseed = 7\n[decode]\natlas = "aal"\n'
    compare = parse(text)
    assert (compare.seed, compare.folds) == (7, 5)
    decode = parse(text, "results", command="decode")
    assert (decode.seed, decode.atlas, decode.folder) == (4, "aal", "results")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fold = 5\nzebra = 1\nseed = 2", "unknown keys: fold (did you mean folds?), zebra (see"),
        ("n_jobs = 2", "n_jobs (did you mean n-jobs?)"),
        ("config = 'other.toml'", "unknown keys: config"),
        ("[compere]\nfolds = 5", "tables that are no commands: compere"),
        ("folds = [5]", "folds takes one value, not a list"),
        ("folds = 'five'", "invalid int value: 'five'"),
        ("folds = true", "folds takes text or numbers, not True"),
        ("pipeline = 'ccss'", "invalid choice: 'ccss'"),
        ("quality-checked = 1", "quality-checked must be true or false"),
        ("sites = [['NYU']]", "sites takes text or numbers"),
        ("folds = ", "study.toml cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(refuse_file, text, message):
    assert message in refuse_file(text)


def test_a_missing_file(refuse):
    assert "nowhere.toml cannot be read" in refuse("compare", "--config", "nowhere.toml")


def test_the_report_s_study_runs_as_before(parse):
    args = vars(parse(STUDY, "--out", "here", "--quiet"))
    options = json.loads(json.dumps({name: v for name, v in args.items() if name != "run"}))
    again = vars(parse(to_toml(options)))
    assert again.pop("data_dir") == "~/nilearn_data"
    for name in ("data_dir", "out", "quiet"):
        args.pop(name), again.pop(name, None)
    assert again == args
