"""Cohorts of ROI scans: ABIDE from disk or from the network, and simulated ones."""

from ._abide import fetch_abide, load_abide
from ._simulation import make_scans

__all__ = ["fetch_abide", "load_abide", "make_scans"]
