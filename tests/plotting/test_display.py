"""What all Displays share."""

import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg.plotting import MembershipDisplay, RobustnessDisplay
from sklearn_lstmdg.plotting._display import color, subject_of

from _stubs import Noise

pyplot = pytest.importorskip("matplotlib.pyplot")


def test_colors_begin_anew():
    assert len({color(number) for number in range(7)}) == 7 and color(8) == color(1)


def test_axes_must_be_as_many_as_panels():
    _, axes = pyplot.subplots(1, 2)
    with pytest.raises(ValueError, match="1 axes for these panels, got 2"):
        MembershipDisplay([[1.0]]).plot(axes)
    with pytest.raises(ValueError, match="3 axes for these panels, got 2"):
        RobustnessDisplay({}, {}).plot(axes)


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_estimators_must_be_fitted(wrap):
    with pytest.raises(NotFittedError):
        MembershipDisplay.from_estimator(wrap(Noise()))


def test_a_subject_is_one_row_of_any_form():
    assert subject_of(["a", "b"], 1) == ["b"]
    for row in (2, -1):
        with pytest.raises(ValueError, match=f"no row {row}: X has rows 0 to 1"):
            subject_of(["a", "b"], row)
