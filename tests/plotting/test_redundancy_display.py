"""Robustness of communities against their redundancy."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_lstmdg.evaluation import measure_communities, summarize_robustness
from sklearn_lstmdg.plotting import RedundancyDisplay


@pytest.fixture
def tables():
    rng = np.random.default_rng(0)
    folds = {
        (method, site, 0, number): Bunch(membership=rng.uniform(size=(12, 4)), influence=None)
        for method in ("first", "second")
        for site in ("X", "Y")
        for number in range(3)
    }
    return measure_communities(folds, 5, random_state=0)


@pytest.mark.parametrize("measure", ["correlation", "matched_dice"])
def test_a_point_and_its_chance_for_each_method_and_site(tables, measure):
    display = RedundancyDisplay.from_tables(*tables, measure=measure)
    summary = summarize_robustness(*tables)
    drawn = [line.get_xydata()[0] for line in display.ax_.lines if len(line.get_xdata())]
    wanted = summary[["redundancy", measure]].to_numpy()
    chance = summary[["redundancy", f"{measure}_null"]].to_numpy()
    np.testing.assert_allclose(drawn, np.stack([wanted, chance], axis=1).reshape(-1, 2))
    bars = [bar.get_segments()[0][:, 1] for bar in display.ax_.collections]
    np.testing.assert_allclose(np.ptp(bars, axis=1) / 2, summary[f"{measure}_sd"])


def test_the_effective_number_stands_beside_each_point(tables):
    display = RedundancyDisplay.from_tables(*tables)
    told = [(text.get_text(), text.xy) for text in display.ax_.texts]
    rows = summarize_robustness(*tables).itertuples()
    assert told == [(f"{row.n_effective:.0f}", (row.redundancy, row.correlation)) for row in rows]


def test_a_single_community_has_no_place(recwarn, caplog):
    fold = Bunch(membership=np.repeat([[1.0], [0.0]], 4, axis=0), influence=None)
    tables = measure_communities({("m", "s", 0, n): fold for n in range(3)}, 3, random_state=0)
    display = RedundancyDisplay.from_tables(*tables)
    display.figure_.canvas.draw()
    assert not recwarn and not caplog.records


def test_the_legend_tells_methods_sites_and_chance(tables):
    display = RedundancyDisplay.from_tables(*tables)
    names = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert names == ["first", "second", "X", "Y", "ROI labels permuted"]
    one = RedundancyDisplay(display.summary.query("site == 'X'")).plot()
    names = [text.get_text() for text in one.ax_.get_legend().get_texts()]
    assert names == ["first", "second", "ROI labels permuted"]


def test_an_unknown_measure_is_an_error(tables):
    with pytest.raises(ValueError, match=r"measure must be one of correlation, dice.*'size'"):
        RedundancyDisplay.from_tables(*tables, measure="size")
