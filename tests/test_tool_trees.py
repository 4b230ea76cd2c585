"""What users of XCP-D, giga_connectome, HALFpipe, C-PAC, MRIQC and fMRIPrep meet."""

import numpy as np
import pytest
from _tool_trees import (
    SUBJECTS,
    write_cpac,
    write_giga_connectome,
    write_halfpipe,
    write_json,
    write_mriqc,
    write_people,
    write_xcpd,
)

from sklearn_lstmdg.cli import main
from sklearn_lstmdg.datasets import load_bids

from _series_formats import draw
from _trees import ROIS, write_motion, write_series

pytest.importorskip("pandas")


@pytest.fixture
def study(tmp_path):
    write_people(tmp_path)
    return tmp_path


@pytest.mark.parametrize("is_new", [True, False])
def test_xcpd_has_its_times_beside_the_images(study, is_new):
    root = write_xcpd(study, is_new)
    with pytest.raises(ValueError, match="atlas: 4S156Parcels, Tian"):
        load_bids(root, target="dx")
    cohort = load_bids(root, target="dx", atlas="Tian", confounds="func_mean_fd")
    assert cohort.t_r.tolist() == [0.8] * 4
    np.testing.assert_allclose(cohort.confounds["func_mean_fd"], [0.1, 0.11, 0.12, 0.13])
    assert cohort.feature_names == ROIS and cohort.roi_codes.tolist() == list(range(1, 9))
    np.testing.assert_allclose(cohort.data[1], draw(1), rtol=1e-6)


def test_xcpd_without_images_takes_times_of_the_data_set(study):
    root = write_xcpd(study, is_new=True)
    for path in root.rglob("*_bold.json"):
        path.unlink()
    with pytest.raises(
        ValueError, match=r"no repetition time.*such as .*task-rest_timeseries.json"
    ):
        load_bids(root, target="dx", atlas="Tian")
    for echo in ("1", "2"):
        write_json(study / f"task-rest_echo-{echo}_bold.json", RepetitionTime=1.5, EchoTime=0.01)
    assert set(load_bids(root, target="dx", atlas="Tian").t_r) == {1.5}


def test_runs_that_xcpd_has_joined_are_not_loaded_beside_themselves(study):
    root = write_xcpd(study, is_new=True, runs=("_run-1", "_run-2"), joined=True)
    options = {"target": "dx", "atlas": "Tian"}
    joined = r"sub-01_task-rest_space-\S+ may join the series of each run.* run: 1, 2, none"
    with pytest.raises(ValueError, match=joined):
        load_bids(root, **options)
    cohort = load_bids(root, **options, run=[1, 2])
    assert len(cohort.data) == 8 and cohort.phenotypic["run"].tolist() == ["1", "2"] * 4
    write_json(root / "task-rest_timeseries.json", RepetitionTime=0.8)
    cohort = load_bids(root, **options, run="none")
    assert len(cohort.data) == 4 and "_run-" not in cohort.filenames[0]


def test_directions_that_xcpd_has_joined(study):
    root = write_xcpd(study, is_new=True, runs=("_dir-AP_run-1", "_dir-PA_run-2"), joined=True)
    with pytest.raises(ValueError, match="may join the series of each run"):
        load_bids(root, atlas="Tian")
    assert len(load_bids(root, atlas="Tian", run=["1", "2"]).data) == 8


def test_directions_that_are_joined_are_named_as_entities(study):
    root = write_xcpd(study, is_new=True, runs=("_dir-AP", "_dir-PA"), joined=True)
    message = r"may join the series of each dir: name .* dir: AP, PA, none \(see entities\)\."
    with pytest.raises(ValueError, match=message):
        load_bids(root, atlas="Tian")
    assert len(load_bids(root, atlas="Tian", entities={"dir": ["AP", "PA"]}).data) == 8


def test_images_and_surfaces_are_two_spaces(study):
    root = write_xcpd(study, is_new=True)
    write_xcpd(study, is_new=True, space="space-fsLR")
    with pytest.raises(ValueError, match="space: MNI152NLin6Asym, fsLR"):
        load_bids(root, atlas="Tian")
    assert len(load_bids(root, atlas="Tian", space="fsLR").data) == 4


def test_giga_connectome_has_one_sidecar_for_all_atlases(study):
    root = write_giga_connectome(study)
    with pytest.raises(ValueError, match="atlas: Schaefer2018100Parcels7Networks, Schaefer20182"):
        load_bids(root, target="dx")
    options = {"atlas": "Schaefer2018100Parcels7Networks", "confounds": "func_mean_fd"}
    cohort = load_bids(root, target="dx", **options)
    assert cohort.confounds["func_mean_fd"].tolist() == [0.1] * 4
    assert cohort.t_r.tolist() == [2] * 4 and cohort.roi_codes is None
    assert cohort.feature_names == [str(i) for i in range(8)]


@pytest.mark.parametrize("more", [{}, {"RepetitionTime": 0.72}])
def test_halfpipe_writes_seconds_where_it_says_a_frequency(study, more):
    root = write_halfpipe(study, **more)
    with pytest.raises(ValueError, match=r"feature: corrMatrix1, corrMatrix2 .see entities"):
        load_bids(root, target="dx")
    options = {"target": "dx", "entities": {"feature": "corrMatrix2"}, "max_missing": 0.2}
    with pytest.warns(UserWarning, match="1 of 8 ROIs is dropped"):
        cohort = load_bids(root, **options, confounds="func_mean_fd")
    assert cohort.t_r.tolist() == [0.72] * 4
    assert cohort.feature_names == [str(i) for i in range(1, 8)]
    np.testing.assert_allclose(cohort.confounds["func_mean_fd"], 0.1)


def test_halfpipe_says_the_mean_motion_in_its_sidecar(study):
    root = write_halfpipe(study, FDMean=0.25)
    options = {"atlas": "schaefer2011Combined", "entities": {"feature": "corrMatrix1"}}
    options |= {"max_missing": 0.2, "confounds": "func_mean_fd"}
    for path in root.rglob("*_regressors.tsv"):
        path.unlink()
    with pytest.warns(UserWarning, match="1 of 8 ROIs is dropped"):
        assert load_bids(root, **options).confounds["func_mean_fd"].tolist() == [0.25] * 4
    path = next(root.rglob("sub-02*corrMatrix1*.json"))
    path.write_text(path.read_text().replace("0.25", '"little"'))
    with (
        pytest.warns(UserWarning, match="1 of 8 ROIs is dropped"),
        pytest.raises(ValueError, match="json is damaged: 'FDMean' is missing or holds what it"),
    ):
        load_bids(root, **options)


@pytest.mark.parametrize("separator", ["\t", ","])
def test_cpac_writes_1d(study, separator):
    root = write_cpac(study, separator)
    with pytest.raises(ValueError, match=r"name one. reg: 36Parameter, aCompCor"):
        load_bids(root, target="dx")
    options = {"target": "dx", "entities": {"reg": ["aCompCor"]}}
    with pytest.raises(ValueError, match=r"_timeseries.1D has no repetition time"):
        load_bids(root, **options)
    write_json(root / "task-rest_timeseries.json", RepetitionTime=2.5)
    cohort = load_bids(root, **options)
    assert cohort.t_r.tolist() == [2.5] * 4
    assert cohort.roi_codes.tolist() == list(range(2001, 2009))
    np.testing.assert_allclose(cohort.data[1], draw(1), rtol=1e-6)


def test_mriqc_and_fmriprep_write_no_series_of_rois(study):
    mriqc, xcpd = write_mriqc(study), write_xcpd(study, is_new=True)
    with pytest.raises(ValueError, match=r"task-rest_timeseries.tsv holds confounds, such as"):
        load_bids(mriqc, target="dx")
    assert len(load_bids(xcpd.parent, target="dx", atlas="Tian").data) == 4
    func = study / "derivatives" / "fmriprep" / "sub-01" / "func"
    func.mkdir(parents=True)
    write_motion(func / "sub-01_task-rest_desc-confounds_timeseries.tsv", [0.1] * 30)
    with pytest.raises(FileNotFoundError, match=r"but those of confounds .extract_scans makes"):
        load_bids(func.parents[1], target="dx")


@pytest.mark.parametrize(("entity", "labels"), [("echo", "1, 2, none"), ("rec", "moco, none")])
def test_one_scan_that_is_there_several_times(study, entity, labels):
    for subject in SUBJECTS:
        for position, label in enumerate(labels.split(", ")):
            part = "" if label == "none" else f"_{entity}-{label}"
            path = study / f"sub-{subject}_task-rest{part}_timeseries.tsv"
            write_series(path, draw(10 * position + int(subject)), RepetitionTime=2)
    with pytest.raises(ValueError, match=rf"name one. {entity}: {labels}"):
        load_bids(study)
    for label in labels.split(", "):
        assert len(load_bids(study, entities={entity: label}).data) == 4


def test_further_entities_on_the_command_line(study, capsys):
    root = write_halfpipe(study)
    words = ["compare", "--bids", str(root), "--target", "dx", "--models", "mean", "--entities"]
    for said, told in (
        ("feature", "--entities takes NAME=VALUE, not 'feature'"),
        ("feature=x", "The series have no feature 'x'. feature: corrMatrix1, corrMatrix2"),
        ("feature=corrMatrix1", "no scan is left to load. Left out: 4 with missing points in 1 of"),
    ):
        assert main([*words, said, "--out", str(study / "out")]) == 2
        assert told in " ".join(capsys.readouterr().err.split())
