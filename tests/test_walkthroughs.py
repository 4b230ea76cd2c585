"""The walk-throughs of the guide run as they stand, and print what they show, but for digits."""

import re
import shlex
from glob import glob
from pathlib import Path

import numpy as np
import pytest

from sklearn_lstmdg import models
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.datasets import make_study

pandas = pytest.importorskip("pandas")
GUIDE = Path(__file__).parents[1] / "docs" / "guide"


def commands_in(page):
    """Return each command of a page with the lines that it prints."""
    found = []
    for block in re.findall(r"\.\. code-block:: console\n\n((?:   .*\n|\n)+)", page.read_text()):
        lines = [line[3:] for line in block.rstrip().replace("\\\n", " ").split("\n")]
        for line in lines:
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            elif line:
                found[-1][1].append(line)
    return found


def masked(line):
    """Return a line without what depends on the bits of the nets."""
    line = re.sub(r"(\d ROI)s?, influence .*", r"\1", line)
    line = re.sub(r",(control|patient)$", "", line)
    return " ".join(re.sub(r"-?\d+(\.\d+)?(e-\d+)?|-{2,}", "#", line).split())


def run(command):
    """Run a command as a shell would, and return its exit status."""
    words = [word for w in shlex.split(command) for word in (sorted(glob(w)) or [w])]
    if words[0] == "python":
        exec(words[2], {})
    elif words[0] == "head":
        print("\n".join(Path(words[2]).read_text().splitlines()[: -int(words[1])]))
    else:
        return main(words[1:])
    return 0


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("nilearn")
    monkeypatch.chdir(tmp_path)
    make = models._FACTORIES["lstm-dg"]

    def small(length, step, regress):
        return make(length, step, regress).set_params(lstmdgclassifier__max_updates=5)

    monkeypatch.setitem(models._FACTORIES, "lstm-dg", small)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", ["from_xcp_d", "from_fmriprep"])
def test_commands_print_what_the_page_shows(name, capsys):
    if name == "from_xcp_d":
        pytest.importorskip("skops")
    for command, shown in commands_in(GUIDE / f"{name}.rst"):
        code = run(command)
        out, err = capsys.readouterr()
        warned = [line for line in shown if line.startswith("lstmdg: warning: ")]
        assert code == (1 if " extract " in command else 0), err
        printed = [line for line in out.splitlines() if line]
        printed = [line for line in printed if "untrained" not in line]
        assert [*map(masked, printed)] == [masked(line) for line in shown if line not in warned]
        for line in warned:
            assert masked(line) in map(masked, err.splitlines())
    _check_results("results" if name == "from_xcp_d" else "image-results")
    if name == "from_xcp_d":
        _check_predictions()


def _check_results(folder):
    """The page names regions, never codes, and tells who was left out."""
    decoded = pandas.read_csv(Path(folder, "decoding.csv"))
    regions = pandas.read_csv("study/atlas-Blocks_dseg.tsv", sep="\t")["name"].tolist()
    named = {roi for rois in decoded["rois"] for roi in rois.split("; ")}
    assert named and named <= set(regions[:-1])
    page = Path(folder, "report.html").read_text()
    assert all(roi in page for roi in named)
    assert "sub-30" in page and "without diagnosis" in page
    # Without decoding the report names communities itself.
    Path(folder, "decoding.csv").unlink()
    assert main(["report", folder, "--quiet"]) == 0
    members = re.search(r"(LH|RH)_(Vis|SomMot|DorsAttn|Default)_[12]", _communities(folder))
    assert members


def _communities(folder):
    return Path(folder, "report.html").read_text().partition("Most influential communities")[2]


def _check_predictions():
    clinic = pandas.read_csv("clinic.csv")
    assert clinic["participant_id"].tolist() == [f"sub-{n}" for n in range(31, 43)]
    proba = clinic[["probability_control", "probability_patient"]].to_numpy()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    scores = pandas.read_csv("results/predictions.csv")
    assert set(scores["y"]) == {"control", "patient"} and scores["score"].between(0, 1).all()
    folds = scores[scores["model"] == "lstm-dg"].groupby("subject")["fold"]
    assert (folds.nunique() == 1).all() and (folds.count() == 2).all()


def test_pages_begin_with_a_study_that_is_there(tmp_path):
    assert make_study(tmp_path, n_subjects=12, random_state=0).is_dir()
    assert all(commands_in(GUIDE / f"{page}.rst") for page in ("from_xcp_d", "from_fmriprep"))
