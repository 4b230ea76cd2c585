"""What X is: the one definition of rows, scans, bags, windows and groups, and of each error."""

from ._connectivity import (
    connectivity_features,
    connectivity_matrices,
    n_connections,
    scan_features,
)
from ._signals import band_pass, find_constant_rois, regress_global_mean, resample, standardize
from ._splits import hold_out_groups
from ._validation import (
    Sequences,
    check_groups,
    check_labels,
    check_sequences,
    check_validation_mask,
)
from ._whole_scans import connectable_scans, fisher_z, scan_connectivity, whole_scans
from ._windows import cut_like, every_window, window_view

__all__ = [
    "Sequences",
    "band_pass",
    "check_groups",
    "check_labels",
    "check_sequences",
    "check_validation_mask",
    "connectable_scans",
    "connectivity_features",
    "connectivity_matrices",
    "cut_like",
    "every_window",
    "find_constant_rois",
    "fisher_z",
    "hold_out_groups",
    "n_connections",
    "regress_global_mean",
    "resample",
    "scan_connectivity",
    "scan_features",
    "standardize",
    "whole_scans",
    "window_view",
]
