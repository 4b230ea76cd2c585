"""What X is: the one definition of rows, scans, bags, windows and groups, and of each error."""

from .._extras import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "._connectivity": [
            "check_connectable",
            "connectable_scans",
            "connectivity_features",
            "connectivity_matrices",
            "fisher_z",
            "n_connections",
            "scan_connectivity",
            "scan_features",
            "whole_scans",
        ],
        "._constant": [
            "find_constant_rois",
            "is_constant",
            "level_of_the_caller",
            "warn_of_constant_rois",
        ],
        "._names": ["with_names"],
        "._signals": ["band_pass", "regress_global_mean", "resample", "standardize"],
        "._splits": ["hold_out_groups"],
        "._validation": [
            "Sequences",
            "check_class_weight",
            "check_column",
            "check_float32",
            "check_groups",
            "check_labels",
            "check_mask",
            "check_sample_weight",
            "check_sequences",
            "check_target",
            "check_times",
            "check_validation_mask",
            "class_weights",
            "window_view",
        ],
        "._votes": ["probabilities", "votes"],
        "._windows": ["cut_like", "every_window", "in_rows"],
    },
)
