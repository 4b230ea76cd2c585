"""Types that the public functions share; a docstring says more than any of them."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

Scans: TypeAlias = ArrayLike | Sequence[ArrayLike]
"""Scans, windows or bags: one array, or one for each row."""

Seed: TypeAlias = int | np.random.RandomState | None
"""As scikit-learn's ``random_state``."""
