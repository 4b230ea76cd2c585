"""Communities against networks as a matrix."""

import numpy as np
import pytest

from sklearn_lstmdg import decoding
from sklearn_lstmdg.plotting import NetworkOverlapDisplay

pytest.importorskip("matplotlib")
pytest.importorskip("nilearn")
nibabel = pytest.importorskip("nibabel")

CODES = np.arange(1, 126)
PLACES = np.indices((5, 5, 5)).reshape(3, -1)
NETWORKS = np.where(PLACES[0] < 2, "low", np.where(PLACES[1] < 2, "back", "front"))
COMMUNITIES = np.column_stack([PLACES[2] < 0, (CODES % 7) == 0, (NETWORKS == "back")])


@pytest.fixture(scope="module")
def atlas():
    image = nibabel.Nifti1Image(CODES.reshape(5, 5, 5).astype(np.int16), np.eye(4))
    return decoding.load_atlas(image)


def test_cells_are_the_table_and_rings_its_significant_rows(atlas):
    options = {"n_permutations": 200, "random_state": 0}
    display = NetworkOverlapDisplay.from_communities(COMMUNITIES, CODES, atlas, NETWORKS, **options)
    table = display.overlap.set_index(["community", "network"])
    matrix = display.ax_.images[0].get_array()
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["1 (17)", "2 (30)"]
    networks = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert networks == ["low", "back", "front"]
    for row, community in enumerate((1, 2)):
        for column, network in enumerate(networks):
            assert matrix[row, column] == pytest.approx(table["share"][community, network])
    rings = display.ax_.lines[0].get_xydata().tolist()
    assert rings == [[1, 1]] and table["p_fwe"][2, "back"] <= 0.05
    assert len(display.plot("dice", alpha=0).ax_.lines[0].get_xydata()) == 0
    limits = display.plot("z").ax_.images[0].get_clim()
    assert limits == (-table["z"].abs().max(), table["z"].abs().max())


def test_without_a_null_there_are_no_rings_and_no_z(atlas):
    told = decoding.network_overlap(COMMUNITIES, CODES, atlas, NETWORKS, n_permutations=0)
    assert not NetworkOverlapDisplay(told).plot().ax_.lines
    with pytest.raises(ValueError, match="measure must be one of share, dice, got 'z'"):
        NetworkOverlapDisplay(told).plot("z")
