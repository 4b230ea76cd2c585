"""Options are held to what they can be."""

import pytest

pandas = pytest.importorskip("pandas")


@pytest.mark.parametrize(
    ("option", "value", "least"),
    [
        *[("--folds", 2, 3), ("--subjects", 0, 2), ("--seed", -1, 0), ("--length", 0, 1)],
        *[("--step", 0, 1), ("--repeats", 0, 1), ("--permute-labels", -1, 0)],
    ],
)
def test_numbers_that_are_too_small_are_refused_by_option(refuse, option, value, least):
    line = refuse("compare", option, value)
    assert f"argument {option}: must be at least {least}, not {value}" in line
