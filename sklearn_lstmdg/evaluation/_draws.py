"""Subjects drawn with replacement: the same for all models, metrics and repeats."""

import numpy as np

from .._extras import require
from . import _statistics as statistics

N_DRAWS = 2000


def draw_subjects(rows, kind, seed):
    """Yield the rows of each site and repeat, and how often each draw holds them.

    Subjects, or families, are drawn from each site and class on its own. Shapes: counts
    (n_draws, n_rows of the site and repeat).
    """
    pandas = require("pandas", extra="data")
    by_subject = rows.groupby(["site", "subject"])
    subjects = by_subject.agg({"subject_site": "first"})
    subjects["stratum"] = kind.draw_strata(by_subject["y"])
    strata = subjects.groupby(["site", "subject_site", "stratum"]).ngroup()
    counts = statistics.draw_counts(strata, N_DRAWS, np.random.default_rng(seed))
    for key, part in rows.groupby(["site", "repeat"]):
        mine = pandas.MultiIndex.from_frame(part[["site", "subject"]])
        yield key, part, counts[:, subjects.index.get_indexer(mine)]
