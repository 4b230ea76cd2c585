"""Ids of participants in tables and in names of files."""

import numpy as np
import pytest

from sklearn_lstmdg.datasets import load_bids, load_scans

from _series_formats import draw, write
from _trees import write_series

pd = pytest.importorskip("pandas")


def test_a_prefix_may_be_in_one_and_not_in_the_other(whole):
    table = whole.parents[1] / "participants.tsv"
    table.write_text(table.read_text().replace("sub-", ""))
    cohort = load_bids(whole, target="diagnosis")
    assert cohort.groups.tolist() == [f"sub-0{i}" for i in range(1, 7)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sub-0", "", "sub-1 seems to be sub-01 of"),
        ("sub-0", "sub-00", "sub-001 seems to be sub-01 of"),
        ("sub-", "Sub-", "sub-Sub-01 seems to be sub-01 of"),
        ("sub-0", "sub-0_", "sub-0_1 seems to be sub-01 of"),
    ],
)
def test_ids_that_are_written_otherwise_never_match(whole, old, new, told):
    table = whole.parents[1] / "participants.tsv"
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(ValueError, match=rf"participants.tsv, line 2: {told} .*sub-01_ses-1"):
        load_bids(whole, target="diagnosis")


def test_spreadsheets_take_zeros_from_some_ids_only(tmp_path):
    for i in (9, 10):
        path = tmp_path / f"sub-{i:02d}" / f"sub-{i:02d}_timeseries.tsv"
        write_series(path, draw(i), RepetitionTime=2)
    people = pd.DataFrame({"participant_id": [9, 10], "dx": ["a", "b"]})
    with pytest.raises(ValueError, match=r"The table, row 0: sub-9 seems to be sub-09 of .*sub-09"):
        load_bids(tmp_path, people, target="dx")


@pytest.mark.parametrize("ids", [[1.0, 10.0], ["1", "10"], pd.array([1, 10], "Int64")])
def test_ids_of_a_frame_that_became_floats_are_whole(tmp_path, ids):
    for i in (1, 10):
        write_series(tmp_path / f"sub-{i}_timeseries.tsv", draw(i), RepetitionTime=2)
    people = pd.DataFrame({"participant_id": ids, "dx": ["a", "b"]})
    cohort = load_bids(tmp_path, people, target="dx")
    assert dict(zip(cohort.groups, cohort.target, strict=True)) == {"sub-1": "a", "sub-10": "b"}


def test_both_ways_of_writing_may_be_two_people(tmp_path):
    for name in ("1", "01"):
        path = tmp_path / f"sub-{name}_timeseries.tsv"
        write_series(path, draw(len(name)), RepetitionTime=2)
    people = pd.DataFrame({"participant_id": ["1", "01"], "dx": ["a", "b"]})
    assert load_bids(tmp_path, people, target="dx").target.tolist() == ["b", "a"]


def test_files_in_a_folder_have_the_ids_of_the_table(tmp_path):
    folder = tmp_path / "series"
    folder.mkdir()
    for i, name in enumerate(["sub-01.npy", "NYU_0051_rois.npy", "1e3.rest.npy", "._1e3.npy"]):
        np.save(folder / name, draw(i))
    people = pd.DataFrame({"participant_id": ["01", "NYU_0051", "1e3"], "dx": ["a", "b", "a"]})
    cohort = load_scans(write(people, tmp_path), target="dx", scans=folder)
    assert cohort.groups.tolist() == ["01", "NYU_0051", "1e3"]
    np.testing.assert_allclose(cohort.data[1], draw(1).astype(np.float32), rtol=1e-6)
    people.loc[0, "participant_id"] = "1"
    message = (
        r"line 2: one file of 1 is needed in .*series, there is none, but sub-01.npy: ids must"
    )
    with pytest.raises(ValueError, match=message):
        load_scans(write(people, tmp_path), target="dx", scans=folder)
