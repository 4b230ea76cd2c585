"""What X is: the one definition of rows, scans, bags, windows and groups, and of each error."""

from ._connectivity import (
    check_connectable,
    connectable_scans,
    connectivity_features,
    connectivity_matrices,
    distinct_points,
    fisher_z,
    n_connections,
    scan_connectivity,
    scan_features,
    whole_scans,
)
from ._constant import (
    find_constant_rois,
    is_constant,
    level_of_the_caller,
    warn_of_constant_rois,
)
from ._signals import band_pass, regress_global_mean, resample, standardize
from ._splits import hold_out_groups
from ._validation import (
    Sequences,
    check_class_weight,
    check_column,
    check_float32,
    check_groups,
    check_labels,
    check_sequences,
    check_validation_mask,
    window_view,
)
from ._votes import probabilities, votes
from ._windows import cut_like, every_window

__all__ = [
    "Sequences",
    "band_pass",
    "check_class_weight",
    "check_column",
    "check_connectable",
    "check_float32",
    "check_groups",
    "check_labels",
    "check_sequences",
    "check_validation_mask",
    "connectable_scans",
    "connectivity_features",
    "connectivity_matrices",
    "cut_like",
    "distinct_points",
    "every_window",
    "find_constant_rois",
    "fisher_z",
    "hold_out_groups",
    "is_constant",
    "level_of_the_caller",
    "n_connections",
    "probabilities",
    "regress_global_mean",
    "resample",
    "scan_connectivity",
    "scan_features",
    "standardize",
    "votes",
    "warn_of_constant_rois",
    "whole_scans",
    "window_view",
]
