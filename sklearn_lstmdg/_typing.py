"""Types that the public functions share; a docstring says more than any of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from sklearn.model_selection import BaseCrossValidator

Scans: TypeAlias = ArrayLike | Sequence[ArrayLike]
"""Scans, windows or bags: one array, or one for each row."""

Folds: TypeAlias = "int | BaseCrossValidator | Iterable | None"
"""As scikit-learn's ``cv``: a number, a splitter, or pairs of training and test rows."""

ClassWeight: TypeAlias = Mapping | str | None
"""As scikit-learn's ``class_weight``: weights by label, "balanced", or all alike."""

Seed: TypeAlias = int | np.random.RandomState | None
"""As scikit-learn's ``random_state``."""
