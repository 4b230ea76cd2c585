"""What model files may hold beside scikit-learn's estimators and numpy's arrays."""

_ALWAYS = ("n_features_in_", "feature_names_in_", "_sklearn_output_config")
_NETS = ("_nets", "history_", "n_iter_", "best_epoch_", "n_validation_")
_NET = ("_net", "history_", "n_iter_", "best_epoch_", "classes_")
_SVM = ("C_", "cv_results_", "classes_", "coef_", "intercept_", "n_iter_")

# No name of a file gets in here. A new estimator does, with the attributes that it learns.
LEARNT = {
    f"sklearn_lstmdg.{name}": {*_ALWAYS, *learnt}
    for name, learnt in {
        "augmentation.SubsequenceAugmenter": ("sample_indices_", "start_indices_"),
        "baselines._connectivity_features.ConnectivityFeatures": ("_is_table", "measure_"),
        "baselines._fcsvm.FCSVM": ("_is_table", *_SVM),
        "baselines._hmm_classifier.ROIHMMClassifier": (
            *("_models", "_scaler", "_svm", "patterns_"),
            *_SVM,
        ),
        "baselines._mean_mlp.MeanMLPClassifier": _NET,
        "baselines._penalty_search.PenaltySearch": ("estimator_", "losses_", "penalty_"),
        "baselines._transfer.TransferAutoencoderClassifier": (
            *("_is_table", "encoder_", "pretrained_on_"),
            *_NET,
        ),
        "classifier.LSTMDGClassifier": ("classes_", *_NETS),
        "communities._extractor.CommunityExtractor": (
            *("estimator_", "membership_", "communities_", "sizes_", "n_constant_", "n_empty_"),
        ),
        "communities._parafac.ParafacCommunities": (
            *("_n_features_out", "errors_", "loadings_", "membership_", "n_iter_"),
            *("reconstruction_err_", "subject_loadings_", "weights_", "window_rows_"),
        ),
        "preprocessing.ScanCleaner": (),
        "regressor.LSTMDGRegressor": ("target_mean_", "target_scale_", *_NETS),
    }.items()
}

TRUSTED_TYPES = [
    "builtins.range",
    "nilearn.connectome.connectivity_matrices.ConnectivityMeasure",
    "sklearn_lstmdg.baselines._autoencoder.EncoderNet",
    "sklearn_lstmdg.baselines._gaussian_hmm.GaussianHMM",
    "sklearn_lstmdg.baselines._mean_mlp_module.MeanMLPNet",
    "sklearn_lstmdg.baselines._sparse_encoder.SparseEncoder",
    "sklearn_lstmdg.network._nets.Nets",
    "sklearn_lstmdg.persistence._saved_masker.SavedMasker",
    *LEARNT,
]
