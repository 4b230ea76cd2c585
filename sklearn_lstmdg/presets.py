"""Named settings of :class:`~sklearn_lstmdg.LSTMDGClassifier`."""

__all__ = ["PAPER", "TUNED"]

PAPER = {
    "variant": "dg",
    "n_communities": 50,
    "n_units": 20,
    "discriminative_weight": 0.1,
    "dropout": 0.5,
    "input_noise": 0.0,
    "batch_size": 32,
    "lr": 1e-3,
    "monitor": "loss",
    "patience": 10,
    "aggregation": "vote",
}
"""The paper's literal settings; dropout and learning rate, which it does not state, are Keras' and
its predecessor's [1]_.

References
----------
.. [1] Dvornek, Ventola, Pelphrey, Duncan. "Identifying autism from resting-state fMRI using long
   short-term memory networks", MLMI 2017.
"""

TUNED = {"pretrain_epochs": 20, "monitor": "accuracy", "n_nets": 3}
"""What the study of training choices favours: the generative task alone first, the epoch that has
the most validation subjects right, three nets averaged. For variants "dg" and "h", and five to
nine times as slow as the defaults; ``fit(..., X_unlabeled=...)`` lets pretraining read more scans.
"""
