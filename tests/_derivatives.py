"""Derivatives of which tests change one file."""

import numpy as np

from _trees import xcpd_path


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape).round(6)


def first_file(tree, subject="01", session="1"):
    return xcpd_path(tree, subject, session)
