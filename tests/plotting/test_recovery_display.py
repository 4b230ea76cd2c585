"""Recovery of planted communities."""

import numpy as np
import pytest

from sklearn_lstmdg.plotting import RecoveryDisplay

pandas = pytest.importorskip("pandas")
pytest.importorskip("matplotlib")


def test_recovery_draws_means_over_repetitions():
    records = pandas.DataFrame(
        {
            "method": ["b", "b", "b", "a"],
            "noise": [1, 1, 2, 1],
            "dice_adjusted": [0.2, 0.4, 0.1, 0.9],
        }
    )
    ax = RecoveryDisplay.from_records(records, "noise").ax_
    assert ax.get_legend_handles_labels()[1] == ["b", "a"]
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.3, 0.1])
    with pytest.raises(ValueError, match="lacks the columns n_subjects"):
        RecoveryDisplay(records, "n_subjects")
