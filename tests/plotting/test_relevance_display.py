"""Values of ROIs on the brain."""

import numpy as np
import pytest

from sklearn_lstmdg import LSTMDGClassifier, decoding
from sklearn_lstmdg.explain import attribute, permutation_importance
from sklearn_lstmdg.plotting import ROIRelevanceDisplay

pytest.importorskip("matplotlib")
nibabel = pytest.importorskip("nibabel")
plotting = pytest.importorskip("nilearn.plotting")

NAMES = [f"ROI {roi}" for roi in range(6)]


@pytest.fixture
def atlas():
    """Six ROIs in the middle of a brain."""
    codes = np.repeat(np.arange(1, 7, dtype=np.int16), 4).reshape(6, 2, 2).repeat(5, 1).repeat(5, 2)
    affine = np.diag([8.0, 6, 6, 1])
    affine[:3, 3] = -24, -30, -10
    return decoding.load_atlas(nibabel.Nifti1Image(codes, affine), dict(enumerate(NAMES, start=1)))


@pytest.fixture
def drawn(monkeypatch):
    """Keep what nilearn is told to draw, and draw nothing."""
    kept = {}
    for name in ("plot_glass_brain", "plot_stat_map"):
        monkeypatch.setattr(
            plotting, name, lambda image, name=name, **look: kept.update({name: (image, look)})
        )
    return kept


@pytest.fixture
def model(scans):
    options = {"n_communities": 4, "n_units": 3, "max_updates": 3, "random_state": 0}
    return LSTMDGClassifier(**options).fit(*scans)


def values_of(display, atlas):
    return decoding.from_image(display.image_, atlas.codes, atlas)


def test_values_lie_in_their_rois_whatever_their_order(atlas, drawn):
    values = np.array([0.3, -0.5, 0, 0.1, 0.2, 0.4])
    order = np.array([5, 3, 0, 1, 2, 4])
    display = ROIRelevanceDisplay(values[order], np.array(NAMES)[order], atlas).plot(0.15)
    np.testing.assert_allclose(values_of(display, atlas), values, atol=1e-7)
    for image, look in drawn.values():
        assert image is display.image_
        assert (look["vmin"], look["vmax"], look["threshold"]) == (-0.5, 0.5, 0.15)
    ROIRelevanceDisplay(np.abs(values), atlas.codes, atlas).plot()
    image, look = drawn["plot_glass_brain"]
    assert look["vmin"] == 0 < look["threshold"] < 1e-6
    assert not look["plot_abs"] and drawn["plot_stat_map"][1]["axes"] is not look["axes"]


def test_attributions_are_summed_over_time(model, scans, atlas, drawn):
    pytest.importorskip("captum")
    X, _ = scans
    display = ROIRelevanceDisplay.from_estimator(model, X, None, atlas, row=3, method="gradient")
    expected = attribute(model, X[3:4], "gradient").attributions[0].sum(axis=0)
    np.testing.assert_allclose(values_of(display, atlas), expected, rtol=1e-5)
    assert display.ax_[0].get_title(loc="left") == "Attribution, sum over time"
    assert set(drawn) == {"plot_glass_brain", "plot_stat_map"}


def test_importances_are_drawn(model, scans, atlas, drawn):
    X, y = scans
    options = {"scoring": "neg_log_loss", "random_state": 0}
    told = permutation_importance(model, X, y, **options)
    display = ROIRelevanceDisplay.from_importance(told, None, atlas)
    np.testing.assert_allclose(values_of(display, atlas), told.importances_mean, rtol=1e-5)
    of_communities = permutation_importance(model, X, y, np.eye(6, dtype=bool)[:, :2], **options)
    with pytest.raises(ValueError, match="ROI names that are not in the atlas: community 0"):
        ROIRelevanceDisplay.from_importance(of_communities, None, atlas)


def test_a_masker_stands_for_codes_and_nilearn_draws(atlas):
    maskers = pytest.importorskip("nilearn.maskers")
    masker = maskers.NiftiLabelsMasker(atlas.image).fit()
    display = ROIRelevanceDisplay(np.arange(6) - 2.5, masker).plot()
    np.testing.assert_allclose(values_of(display, atlas), np.arange(6) - 2.5)
    assert len(display.ax_) == 2 and len(display.figure_.axes) > 4


def test_what_cannot_be_drawn_is_refused(atlas):
    with pytest.raises(ValueError, match="finite, one for each ROI"):
        ROIRelevanceDisplay(np.full(6, np.nan), atlas.codes, atlas)
    with pytest.raises(ValueError, match=r"roi_codes must be 1-D with 5 codes"):
        ROIRelevanceDisplay(np.ones(5), atlas.codes, atlas)
    with pytest.raises(ValueError, match="nothing to draw"):
        ROIRelevanceDisplay(np.zeros(6), atlas.codes, atlas).plot()
