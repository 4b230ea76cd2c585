"""Named settings of :class:`~sklearn_lstmdg.LSTMDGClassifier`, for its variants too.

Each names all that decides the training, so that other defaults leave it as it is.
"""

__all__ = ["CLASSIFY", "COMMUNITIES", "PAPER"]

PAPER = {
    "variant": "dg",
    "n_communities": 50,
    "n_units": 20,
    "dropout": 0.5,
    "discriminative_weight": 0.1,
    "generate_at": "last",
    "augment": None,
    "input_noise": 0.0,
    "max_updates": None,
    "max_epochs": 200,
    "batch_size": 32,
    "lr": 1e-3,
    "lr_schedule": None,
    "weight_decay": 0.0,
    "patience": 10,
    "monitor": "loss",
    "aggregation": "vote",
    "n_nets": 1,
    "init_seed": None,
}
"""The paper's literal settings; dropout and learning rate, which it does not state, are Keras' and
its predecessor's [1]_.

References
----------
.. [1] Dvornek, Ventola, Pelphrey, Duncan. "Identifying autism from resting-state fMRI using long
   short-term memory networks", MLMI 2017.
"""

CLASSIFY = {
    "variant": "dg",
    "n_communities": 50,
    "n_units": 20,
    "dropout": (0.5, 0.5, 0.0),
    "discriminative_weight": 1.0,
    "generate_at": "all",
    "augment": ("sign", "reverse"),
    "input_noise": 0.7,
    "max_updates": 1000,
    "max_epochs": None,
    "batch_size": 32,
    "lr": 3e-3,
    "lr_schedule": "cosine",
    "weight_decay": 0.0,
    "patience": None,
    "monitor": "subject_loss",
    "aggregation": "mean",
    "n_nets": 3,
    "init_seed": None,
}
"""To tell classes apart: a fixed length of training on all rows, windows turned in sign and time,
and three nets averaged."""

COMMUNITIES = CLASSIFY | {"discriminative_weight": 0.1, "n_nets": 8}
"""To read communities: more weight to what generates the scan, and eight nets, of which
:class:`~sklearn_lstmdg.CommunityExtractor` takes what they have in common."""
