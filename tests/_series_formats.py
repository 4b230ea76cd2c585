"""Series, and tables that list their files."""

import numpy as np

from _trees import ROIS


def draw(seed=0, n_points=30):
    return np.random.default_rng(seed).standard_normal((n_points, len(ROIS))).round(6)


def write(listed, folder, name="table.csv"):
    listed.to_csv(folder / name, index=False, sep="\t" if name.endswith("tsv") else ",")
    return folder / name
