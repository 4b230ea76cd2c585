"""
Hyperparameters by Optuna
=========================

Anything that scikit-learn can score, Optuna can search. A study proposes parameters, a
cross-validation over subjects judges them. Without Optuna installed, this page draws nothing.
"""

# %%
# Rows are subjects, so that a plain splitter is right; a seeded sampler makes the study repeatable.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_score

from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.models import make_model

try:
    import optuna
except ImportError:
    optuna = None
    print("Optuna is not installed: python -m pip install optuna")

cohort = make_scans(n_subjects=36, n_timepoints=80, n_rois=16, effect_size=0.8, random_state=0)
folds = StratifiedKFold(3, shuffle=True, random_state=0)


def mean_auc(trial):
    """Return what a proposal is worth."""
    model = make_model(
        "lstm-dg",
        length=20,
        step=10,
        n_communities=8,
        n_units=6,
        max_epochs=10,
        random_state=0,
        lr=trial.suggest_float("lr", 1e-3, 3e-2, log=True),
        input_noise=trial.suggest_float("input_noise", 0.0, 1.5),
    )
    return cross_val_score(model, cohort.data, cohort.target, cv=folds, scoring="roc_auc").mean()


# %%
# Ten trials show the way; a real search takes more, and its best score is optimistic: it was chosen
# by these folds. Judge the winner on subjects that the study has never seen (nested
# cross-validation).
if optuna:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(mean_auc, n_trials=10)
    print(study.best_params, round(study.best_value, 2))

# %%
if optuna:
    values = np.array([trial.value for trial in study.trials])
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    trials = np.arange(1, len(values) + 1)
    left.plot(trials, values, "o", color="0.5", label="trial")
    left.step(trials, np.maximum.accumulate(values), where="post", label="best so far")
    left.set(xlabel="Trial", ylabel="Mean AUC of three folds")
    left.legend(frameon=False)
    tried = [[trial.params[name] for trial in study.trials] for name in ("lr", "input_noise")]
    points = right.scatter(*tried, c=values, s=60, cmap="viridis")
    right.plot(*study.best_params.values(), "o", ms=14, mfc="none", mec="tab:red", mew=2)
    right.set(xlabel="Learning rate", ylabel="Input noise", xscale="log", title="Best one circled")
    figure.colorbar(points, label="Mean AUC")
    plt.show()
