import warnings

import numpy as np
import pytest

from sklearn_lstmdg import decoding

pytest.importorskip("nilearn")
pytest.importorskip("pandas")


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def test_communities_are_drawn_by_influence(aal, pyplot):
    communities = np.zeros((116, 4), dtype=bool)
    communities[:3, 0] = communities[3:8, 1] = communities[50:51, 3] = True
    figure = decoding.plot_communities(
        communities, aal.codes, aal, influence=[1, 3, 9, 2], n_communities=2, terms={3: ["motor"]}
    )
    titles = [t for ax in figure.axes if (t := ax.get_title(loc="left"))]
    assert titles == [
        "Community 1, 5 ROIs, influence 3",
        "Community 3, 1 ROI, influence 2: motor",
    ]
    with pytest.raises(ValueError, match="no community"):
        decoding.plot_communities(np.zeros((116, 2)), aal.codes, aal)
    with pytest.raises(ValueError, match=r"1 influences .* shape \(116, 4\)"):
        decoding.plot_communities(communities, aal.codes, aal, influence=[1])


def test_a_small_community_is_drawn_without_a_warning(aal, pyplot):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decoding.plot_communities(np.eye(116)[:, :1], aal.codes, aal)


def test_connectome_has_the_strongest_edges(aal, pyplot, monkeypatch):
    plotting = pytest.importorskip("nilearn.plotting")
    drawn = {}

    def plot(matrix, coords, **kwargs):
        drawn.update(matrix=matrix, coords=coords)

    monkeypatch.setattr(plotting, "plot_connectome", plot)
    weights = np.zeros((116, 116))
    for i, j, w in ((0, 5, -3.0), (5, 9, 2.0), (20, 30, 0.5), (7, 7, 9.0)):
        weights[i, j] = weights[j, i] = w
    decoding.plot_connectome(weights, aal.codes, aal, n_edges=2)
    np.testing.assert_array_equal(drawn["matrix"], [[0, -3, 0], [-3, 0, 2], [0, 2, 0]])
    assert drawn["coords"][0] == pytest.approx([-38.4, -7.6, 52.7], abs=0.06)
    with pytest.raises(ValueError, match="symmetric"):
        decoding.plot_connectome(np.triu(weights), aal.codes, aal)
    with pytest.raises(ValueError, match="no connection"):
        decoding.plot_connectome(np.zeros((116, 116)), aal.codes, aal)


def test_connectome_is_drawn(aal, pyplot):
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((116, 116))
    figure = decoding.plot_connectome(weights + weights.T, aal.codes, aal, n_edges=20)
    assert len(figure.axes) > 4


def test_terms_are_drawn(maps, block_atlas, pyplot):
    image = decoding.to_image(np.ones(12), block_atlas.codes[:12], block_atlas)
    told = decoding.decode(image, maps, block_atlas, n_permutations=50, random_state=0)
    ax = decoding.plot_terms(told, n_terms=1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["left"]
    assert ax.patches[0].get_width() == pytest.approx(told.loc[0, "r"])
    assert len(decoding.plot_terms(told[["term", "r"]]).patches) == 2
