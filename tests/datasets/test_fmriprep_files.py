"""fMRIPrep's images, and tables by tabs."""

import pytest

from _image_trees import image_path

pandas = pytest.importorskip("pandas")
nibabel = pytest.importorskip("nibabel")
maskers = pytest.importorskip("nilearn.maskers")
from sklearn_lstmdg.cli import main  # noqa: E402
from sklearn_lstmdg.datasets import extract_scans, load_bids  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


def test_no_image_at_all(study, capsys):
    images, out, atlas = study
    for path in images.rglob("*confounds*"):
        path.unlink()
    code = main(["extract", str(images), "--atlas", str(atlas), "--out", str(out), "--quiet"])
    assert code == 2 and "No image has a series" in capsys.readouterr().err
    assert len(pandas.read_csv(out / "left_out.csv")) == 4


def to_own_space(images):
    for path in list(images.rglob("*_space-*")):
        path.rename(path.with_name(path.name.replace("MNI152NLin2009cAsym", "T1w")))


def another_space(images):
    path = image_path(images, "01")
    path.with_name(path.name.replace("MNI152NLin2009cAsym", "T1w")).write_bytes(path.read_bytes())


def no_images(images):
    for path in images.rglob("*_bold.nii.gz"):
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "options", "error"),
    [
        (another_space, {}, "The images are of several kinds, name one. space: MNI152.*, T1w"),
        (to_own_space, {}, "The images are in space-T1w, which is each participant's own"),
        (no_images, {}, "holds no preprocessed images"),
        (None, {"space": "MNI"}, "The images have no space 'MNI'. space: MNI152NLin2009cAsym"),
        (None, {"strategy": "all"}, "strategy 'all' is none of simple, scrubbing"),
        (None, {"strategy_options": {"gsr": 1}}, "strategy_options: 'gsr' is none of motion"),
        (None, {"min_coverage": 2}, "min_coverage"),
        (None, {"low_pass": -1}, "low_pass"),
        (None, {"atlas": "brodmann"}, "brodmann is neither a file nor one of the atlases aal"),
        (None, {"labels": {3: "a"}}, "The table of atlas Mine has no name for code 5"),
        (None, {"labels": {3: "a", 5: "a", 8: "b", 10: "c"}}, "has the name 'a' twice"),
    ],
)
def test_what_cannot_be_is_said_at_once(study, damage, options, error):
    images, out, atlas = study
    if damage:
        damage(images)
    with pytest.raises((ValueError, FileNotFoundError), match=error):
        extract_scans(images, **({"atlas": atlas, "out": out} | options))
    assert not out.exists()


def test_several_spaces_where_one_is_named(study):
    images, out, atlas = study
    another_space(images)
    assert extract_scans(images, atlas, out, space="MNI152NLin2009cAsym").n_read == 4


def test_a_name_that_no_table_by_tabs_can_hold_is_refused(study):
    images, out, atlas = study
    names = {3: "left\tinsula", 5: "b", 8: "c", 10: "d"}
    with pytest.raises(ValueError, match=r"'left\\tinsula' holds a tab or the end of a line"):
        extract_scans(images, atlas, out, labels=names)
    assert not out.exists()


def in_two_resolutions(images):
    """Give each image a resolution, and a copy of another one."""
    for path in list(images.rglob("*_desc-*")):
        if "_space-" in path.name:
            for res in ("_res-1_desc-", "_res-2_desc-"):
                path.with_name(path.name.replace("_desc-", res)).write_bytes(path.read_bytes())
            path.unlink()


def test_resolutions_are_named_as_entities(study, capsys):
    images, out, atlas = study
    in_two_resolutions(images)
    with pytest.raises(ValueError, match=r"The images are of several kinds, name one. res: 1, 2"):
        extract_scans(images, atlas, out)
    assert extract_scans(images, atlas, out, entities={"res": "2"}).n_read == 4
    assert all("_res-2_" in path.name for path in out.rglob("*_timeseries.tsv"))
    assert len(load_bids(out).data) == 4
    words = ["extract", str(images), "--atlas", str(atlas), "--out", str(out / "b"), "--quiet"]
    assert main([*words, "--entities", "res=1"]) == 0
    assert main([*words, "--entities", "res"]) == 2
    assert "--entities takes NAME=VALUE, not 'res'" in capsys.readouterr().err


def test_echoes_and_surfaces_beside_images_are_not_read(study):
    images, out, atlas = study
    for path in list(images.rglob("*_desc-preproc_bold.nii.gz")):
        stem = path.name.partition("_space-")[0]
        for echo in ("1", "2"):
            echoed = f"{stem}_echo-{echo}_desc-preproc_bold"
            path.with_name(f"{echoed}.nii.gz").write_bytes(path.read_bytes())
            path.with_name(f"{echoed}.json").write_text('{"RepetitionTime": 2, "EchoTime": 0.01}')
        path.with_name(f"{stem}_space-fsLR_den-91k_bold.dtseries.nii").write_bytes(b"")
    with pytest.raises(ValueError, match=r"name one. space: MNI152NLin2009cAsym, none"):
        extract_scans(images, atlas, out)
    assert extract_scans(images, atlas, out, space="MNI152NLin2009cAsym").n_read == 4


def test_confounds_of_older_releases(study):
    images, out, atlas = study
    for path in list(images.rglob("*_desc-confounds_timeseries.*")):
        path.rename(path.with_name(path.name.replace("_timeseries", "_regressors")))
    done = extract_scans(images, atlas, out)
    assert done.n_read == 4 and done.table["mean_fd"].notna().all()
