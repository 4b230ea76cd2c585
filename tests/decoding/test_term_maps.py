import numpy as np
import pytest

from sklearn_lstmdg import decoding

nibabel = pytest.importorskip("nibabel")
pytest.importorskip("nilearn")


def test_folder_of_images(maps, mask, tmp_path):
    for term in maps.terms:
        nibabel.save(maps.image(term), tmp_path / f"{term}.nii.gz")
    (tmp_path / "notes.txt").write_text("not an image")
    read = decoding.term_maps_from_folder(tmp_path, mask=mask)
    assert read.terms == sorted(maps.terms)
    np.testing.assert_array_equal(read.maps, maps.maps[::-1])
    broken = maps.image("left")
    broken.get_fdata()[5, 5, 5] = np.nan
    nibabel.save(nibabel.Nifti1Image(broken.get_fdata(), mask.affine), tmp_path / "broken.nii")
    with pytest.raises(ValueError, match="'broken' is not finite"):
        decoding.term_maps_from_folder(tmp_path, mask=mask)
    nibabel.save(maps.image("left"), tmp_path / "left.nii")
    with pytest.raises(ValueError, match="two images of one term"):
        decoding.term_maps_from_folder(tmp_path, mask=mask)
