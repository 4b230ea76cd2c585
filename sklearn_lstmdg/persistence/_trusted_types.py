"""The types that model files may hold beside scikit-learn's estimators and numpy's arrays."""

# No name of a file gets in here. A new estimator does, with what it learns.
TRUSTED_TYPES = [
    "builtins.range",
    "sklearn_lstmdg.augmentation.SubsequenceAugmenter",
    "sklearn_lstmdg.baselines._autoencoder.EncoderNet",
    "sklearn_lstmdg.baselines._connectivity_features.ConnectivityFeatures",
    "sklearn_lstmdg.baselines._fcsvm.FCSVM",
    "sklearn_lstmdg.baselines._gaussian_hmm.GaussianHMM",
    "sklearn_lstmdg.baselines._hmm_classifier.ROIHMMClassifier",
    "sklearn_lstmdg.baselines._mean_mlp.MeanMLPClassifier",
    "sklearn_lstmdg.baselines._mean_mlp_module.MeanMLPNet",
    "sklearn_lstmdg.baselines._penalty_search.PenaltySearch",
    "sklearn_lstmdg.baselines._sparse_encoder.SparseEncoder",
    "sklearn_lstmdg.baselines._transfer.TransferAutoencoderClassifier",
    "sklearn_lstmdg.classifier.LSTMDGClassifier",
    "sklearn_lstmdg.communities._extractor.CommunityExtractor",
    "sklearn_lstmdg.communities._parafac.ParafacCommunities",
    "sklearn_lstmdg.network._nets.Nets",
    "sklearn_lstmdg.persistence._saved_masker.SavedMasker",
    "sklearn_lstmdg.preprocessing.ScanCleaner",
    "sklearn_lstmdg.regressor.LSTMDGRegressor",
    "nilearn.connectome.connectivity_matrices.ConnectivityMeasure",
]
