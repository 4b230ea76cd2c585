"""The atlas that lies beside the scans."""

import json

import numpy as np
import pytest

from sklearn_lstmdg.report import write_report

from _pages import top_rows

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_communities_are_drawn_where_the_atlas_lies_beside_the_scans(copy, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("nilearn")
    labels = np.zeros((12, 8, 8), dtype=np.int16)
    for code in range(1, 6):
        labels[2 * code : 2 * code + 2, 2:6, 2:6] = code
    affine = np.diag([8.0, 8, 8, 1])
    affine[:3, 3] = -48, -50, -15  # within the brain of MNI152
    (tmp_path / "atlases").mkdir()
    atlas = tmp_path / "atlases" / "ho_mask_pad.nii.gz"
    nibabel.Nifti1Image(labels, affine).to_filename(atlas)
    names = pandas.DataFrame({"code": range(1, 6), "name": list("VWXYZ")})
    names.to_csv(atlas.with_name("ho_labels.csv"), index=False)
    options = json.loads((copy / "options.json").read_text())
    options |= {"data_dir": str(tmp_path), "atlas": "ho"}
    (copy / "options.json").write_text(json.dumps(options))
    for path in (copy / "folds").glob("*SITE_2*"):
        path.unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert page.count('<img alt="Community ') == 4, "two communities of two models"
    members = top_rows(page, "lstm-dg at SITE_1")[0][1]
    assert set(members.split("; ")) <= set("VWXYZ"), "names, not codes"
    assert page.count("<summary>On the brain") == 1, "those of the reference stand open"
    assert str(tmp_path) not in page
    atlas.unlink()
    page = write_report(copy).read_text(encoding="utf-8")
    assert '<img alt="Community ' not in page and "lstmdg report copy --atlas IMAGE" in page
    record = json.loads((copy / "cohort.json").read_text()) | {"roi_codes": [1, 2, 3, 4, 99]}
    (copy / "cohort.json").write_text(json.dumps(record))
    nibabel.Nifti1Image(labels, affine).to_filename(atlas)
    page = write_report(copy).read_text(encoding="utf-8")
    assert "the atlas, which does not fit the scans" in page


@pytest.mark.parametrize("damaged", ["image", "table"])
def test_an_atlas_that_cannot_be_read_is_done_without(copy, tmp_path, undrawn, damaged):
    nibabel = pytest.importorskip("nibabel")
    pytest.importorskip("nilearn")
    (tmp_path / "atlases").mkdir()
    atlas = tmp_path / "atlases" / "ho_mask_pad.nii.gz"
    nibabel.Nifti1Image(np.ones((2, 2, 2), dtype=np.int16), np.eye(4)).to_filename(atlas)
    if damaged == "image":
        atlas.write_bytes(b"cut")
    else:
        atlas.with_name("ho_labels.csv").write_text("code,region\n1,V\n")
    options = json.loads((copy / "options.json").read_text())
    options |= {"data_dir": str(tmp_path), "atlas": "ho"}
    (copy / "options.json").write_text(json.dumps(options))
    page = write_report(copy).read_text(encoding="utf-8")
    told = page.split('<section id="run"')[0]
    assert "Left out, as if it were not there: the atlas beside the scans" in told
    assert str(tmp_path) not in page
    with pytest.raises(ValueError, match=atlas.name if damaged == "image" else "needs the columns"):
        write_report(copy, atlas=atlas, labels=atlas.with_name("ho_labels.csv"))
