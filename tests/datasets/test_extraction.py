"""From fMRIPrep's images to series that the loader reads."""

import json
import re

import numpy as np
import pytest

from _extracted import read, series_of
from _image_trees import AFFINE, REGIONS, SHAPE, image_path, make_confounds, write_atlas

pandas = pytest.importorskip("pandas")
nibabel = pytest.importorskip("nibabel")
maskers = pytest.importorskip("nilearn.maskers")


from sklearn_lstmdg.cli import main  # noqa: E402
from sklearn_lstmdg.datasets import extract_scans, load_bids  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def test_the_loader_reads_what_is_written(study):
    images, out, atlas = study
    done = extract_scans(images, atlas, out)
    cohort = load_bids(out, target="diagnosis", site="site", confounds=["func_mean_fd", "age"])
    assert cohort.feature_names == REGIONS and cohort.roi_codes.tolist() == [3, 5, 8, 10]
    assert cohort.target.tolist() == ["control", "patient"] * 2
    assert cohort.t_r.tolist() == [2.0] * 4
    np.testing.assert_allclose(cohort.confounds["func_mean_fd"], 0.1)
    assert cohort.filenames == [str(out / file) for file in done.table["file"]]
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "sklearn_lstmdg"
    sidecar = json.loads((out / done.table["file"][0]).with_suffix(".json").read_text())
    assert (sidecar["RepetitionTime"], sidecar["SamplingFrequency"]) == (2.0, 0.5)
    (source,) = sidecar["Sources"]
    assert (images / source.removeprefix("bids:fmriprep:")).is_file()
    assert sidecar["Settings"]["strategy"] == "simple" and "csf" in sidecar["Confounds"]


def test_finished_images_are_not_read_again(study):
    images, out, atlas = study
    assert extract_scans(images, atlas, out).n_read == 4
    files = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert extract_scans(images, atlas, out).n_read == 0
    next(out.rglob("sub-02*_timeseries.json")).unlink()
    done = extract_scans(images, atlas, out, n_jobs=2)
    assert done.n_read == 1 and len(done.table) == 4
    assert {path: path.read_bytes() for path in files} == files


def test_columns_of_ones_own_stay_in_the_table_of_participants(study):
    images, out, atlas = study
    extract_scans(images, atlas, out)
    source, there = images.parents[1] / "participants.tsv", out / "participants.tsv"
    assert there.read_bytes() == source.read_bytes()
    own = pandas.read_csv(there, sep="\t", dtype=str, keep_default_na=False)
    names = list(own)
    own.assign(family=["007", "n/a", "7", "NaN"]).drop(columns=names[1]).iloc[::-1].to_csv(
        there, sep="\t", index=False
    )
    source.write_text(
        source.read_text() + "\t".join(["sub-99", *["n/a"] * (len(names) - 1)]) + "\n"
    )
    extract_scans(images, atlas, out)
    merged = pandas.read_csv(there, sep="\t", dtype=str, keep_default_na=False)
    assert list(merged) == [*names, "family"]
    assert merged["family"].tolist() == ["007", "n/a", "7", "n/a", "n/a"]
    assert merged[names].iloc[:4].equals(own[names])


def test_tables_of_participants_that_cannot_be_brought_together_are_named(study):
    images, out, atlas = study
    out.mkdir()
    (out / "participants.tsv").write_text("participant_id\tmine\nsub-01\t1\nsub-01\t2\n")
    with pytest.raises(
        ValueError, match=r"series/participants\.tsv, line 3: .* sub-01 is there twice"
    ):
        extract_scans(images, atlas, out)
    (out / "participants.tsv").write_text("subject\tmine\nsub-01\t1\n")
    with pytest.raises(
        ValueError, match=r"series/participants\.tsv has no column 'participant_id'"
    ):
        extract_scans(images, atlas, out)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"strategy": "compcor"}, "strategy"),
        ({"strategy_options": {"global_signal": "basic"}}, "strategy_options"),
        ({"low_pass": 0.1}, "low_pass"),
        ({"labels": {3: "a", 5: "b", 8: "c", 10: "d"}}, "atlas_sha256"),
    ],
)
def test_series_of_other_settings_are_told(study, change, told):
    images, out, atlas = study
    extract_scans(images, atlas, out)
    with pytest.raises(ValueError, match=rf"other settings, these differ: {told}\. Choose"):
        extract_scans(images, atlas, out, **change)


def test_the_folder_of_another_data_set_is_left_alone(study):
    images, _, atlas = study
    theirs = images / "dataset_description.json"
    theirs.write_text('{"Name": "fMRIPrep", "GeneratedBy": [{"Name": "fMRIPrep"}]}')
    for content in (theirs.read_text(), '{"Name": "raw"}', '{"GeneratedBy": 5}'):
        theirs.write_text(content)
        before = sorted(images.rglob("*"))
        with pytest.raises(ValueError, match=r"folder of another data set, whose dataset_desc"):
            extract_scans(images, atlas, images)
        assert theirs.read_text() == content and sorted(images.rglob("*")) == before


def test_a_high_pass_lies_below_a_low_pass(study):
    images, out, atlas = study
    with pytest.raises(ValueError, match=r"high_pass=0.1 Hz must be below low_pass=0.05 Hz"):
        extract_scans(images, atlas, out, low_pass=0.05, high_pass=0.1)
    assert not out.exists()


def no_confounds(images):
    next(images.rglob("sub-02*confounds*")).unlink()


def no_sidecar(images):
    next(images.rglob("sub-02*_bold.json")).unlink()


def other_space(images, distance=900, desc=("preproc_bold", "brain_mask")):
    for path in (image_path(images, "02", desc=each) for each in desc):
        affine = AFFINE.copy()
        affine[:3, 3] = distance
        nibabel.Nifti1Image(nibabel.load(path).get_fdata(), affine).to_filename(path)


def beside_the_atlas(images):
    other_space(images, -24)


def other_mask(images):
    other_space(images, -900, ["brain_mask"])


def empty(images):
    image_path(images, "02").write_bytes(b"")


def one_volume(images):
    volume = nibabel.Nifti1Image(np.ones(SHAPE), AFFINE)
    volume.to_filename(image_path(images, "02"))


def short_confounds(images):
    path = next(images.rglob("sub-02*confounds*"))
    make_confounds(30, np.random.default_rng(0)).to_csv(path, sep="\t", index=False, na_rep="n/a")


def lacking_confounds(images):
    path = next(images.rglob("sub-02*confounds*"))
    read(path).drop(columns=["rot_x"]).to_csv(path, sep="\t", index=False, na_rep="n/a")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (no_confounds, "no _desc-confounds_timeseries.tsv is beside it"),
        (no_sidecar, "no RepetitionTime or SamplingFrequency in sub-02_ses-1_task-rest"),
        (other_space, "it has no place in common with the atlas Mine; is the space another"),
        (beside_the_atlas, "it covers no region of the atlas Mine; is the space another"),
        (other_mask, "it has no place in common with sub-02.*_desc-brain_mask.nii.gz"),
        (empty, "cannot be read"),
        (one_volume, r"no image of several time points, its shape is \(8, 8, 8\)"),
        (short_confounds, "has 30 rows for 41 time points"),
        (lacking_confounds, "rot_x"),
    ],
)
def test_one_image_that_fails_does_not_end_the_run(study, damage, reason, capsys):
    images, out, atlas = study
    damage(images)
    code = main(["extract", str(images), "--atlas", str(atlas), "--out", str(out)])
    said, err = capsys.readouterr()
    assert code == 1 and "3 scans of 3 participants, 4 ROIs (Mine)" in said
    left_out = pandas.read_csv(out / "left_out.csv")
    assert left_out["participant_id"].tolist() == ["sub-02"]
    assert left_out["file"].tolist() == [str(image_path(images, "02"))]
    assert re.search(reason, left_out["reason"][0]) and "\n" not in left_out["reason"][0]
    warning = [line for line in err.splitlines() if "warning" in line]
    assert (
        len(warning) == 1
        and "1 of 4 images is left out" in err
        and "sub-02" in warning[0]
        and re.search(reason, warning[0])
    )
    with pytest.warns(UserWarning, match="1 without series"):
        assert len(load_bids(out, target="diagnosis").data) == 3


def test_what_is_mended_is_read_by_the_next_run(study):
    images, out, atlas = study
    path = image_path(images, "02")
    content = path.read_bytes()
    path.write_bytes(b"")
    with pytest.warns(UserWarning, match="1 of 4 images is left out"):
        extract_scans(images, atlas, out)
    path.write_bytes(content)
    done = extract_scans(images, atlas, out)
    assert done.n_read == 1 and done.left_out.empty
    assert pandas.read_csv(out / "left_out.csv").empty


def test_options_of_the_command(study, capsys):
    images, out, atlas = study
    table = atlas.with_name("names.csv")
    atlas.with_name("atlas-Mine_dseg.tsv").unlink()
    table.write_text("index,name\n3,a\n5,b\n8,c\n10,d\n")
    options = ["--labels", str(table), "--strategy", "scrubbing", "--low-pass", "0.1"]
    options += ["--strategy-options", "global_signal=basic", "fd_threshold=0.3", "demean=true"]
    line = ["extract", str(images), "--atlas", str(atlas), "--out", str(out), "--quiet", *options]
    assert main(line) == 0
    assert capsys.readouterr().out == f"{out}\n"
    sidecar = json.loads(next(out.rglob("*_timeseries.json")).read_text())
    told = {"global_signal": "basic", "fd_threshold": 0.3, "demean": True}
    assert sidecar["Settings"]["strategy_options"] == told
    assert sidecar["Settings"]["low_pass"] == 0.1
    assert list(series_of(out)) == [*"abcd"]
    assert main([*line, "--strategy-options", "scrub"]) == 2
    assert "--strategy-options takes NAME=VALUE, not 'scrub'" in capsys.readouterr().err


def test_names_are_codes_without_a_table(study, tmp_path):
    images, out, _ = study
    atlas = write_atlas(tmp_path / "bare", table=False)
    assert extract_scans(images, atlas, out).feature_names == ["3", "5", "8", "10"]
    assert load_bids(out).roi_codes.tolist() == [3, 5, 8, 10]


def test_a_damaged_sidecar_is_named(study):
    images, out, atlas = study
    extract_scans(images, atlas, out)
    sidecar = next(out.rglob("*_timeseries.json"))
    told = json.loads(sidecar.read_text())
    del told["NumberOfPoints"]
    sidecar.write_text(json.dumps(told))
    with pytest.raises(ValueError, match=rf"{re.escape(str(sidecar))} is damaged: 'NumberOfPoin"):
        extract_scans(images, atlas, out)


def test_settings_may_be_numbers_of_numpy(study):
    images, out, atlas = study
    options = {"compcor": "anat_combined", "n_compcor": np.int64(2)}
    numbers = {"smoothing_fwhm": np.int64(6), "low_pass": np.float32(0.1)}
    extract_scans(images, atlas, out, strategy_options=options, **numbers)
    assert extract_scans(images, atlas, out, strategy_options=options, **numbers).n_read == 0
