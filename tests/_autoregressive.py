"""Scans that a vector autoregression has made."""

import numpy as np


def vector_scans(n_subjects, rng, n_points=60, noise=0.0):
    """Return scans of three ROIs: two rotate together, the third follows the first."""
    angle = 0.4
    step = np.zeros((3, 3))
    step[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    step[0, 2] = 1
    scans = []
    for _ in range(n_subjects):
        points = [rng.standard_normal(3)]
        for _ in range(n_points - 1):
            points.append(points[-1] @ step + noise * rng.standard_normal(3))
        scans.append(np.array(points))
    return scans, step
