"""Tables of made-up comparisons."""

import numpy as np
import pandas

from sklearn_lstmdg.evaluation._metrics import score_predictions

SKILLS = {"lstm-dg": 1.0, "lstm-s": 0.2, "fc-svm": 1.0}


def make_tables(*args, **kwargs):
    """Predictions as below, and the folds' metrics."""
    predictions = make_predictions(*args, **kwargs)
    return score_folds(predictions), predictions


def make_predictions(
    seed=0, skills=SKILLS, sites=("NYU", "UM"), n=40, n_repeats=1, same_folds=False
):
    """Predictions of models of given skill, in 5 folds."""
    rng = np.random.default_rng(seed)
    parts = []
    for site in sites:
        y, fold = np.arange(n) % 2, np.arange(n) // 2 % 5
        for repeat in range(n_repeats):
            fold = fold if same_folds else rng.permutation(fold)
            subject = [f"{site}{i}" for i in range(n)]
            keys = {"site": site, "repeat": repeat, "subject": subject, "y": y, "fold": fold}
            for model, skill in skills.items():
                score = 1 / (1 + np.exp(-rng.normal(size=n) - skill * (2 * y - 1)))
                columns = {"model": model, "score": score, "predicted": (score > 0.5) * 1}
                parts.append(pandas.DataFrame(keys | columns))
    return pandas.concat(parts, ignore_index=True)


def make_several_classes(predictions):
    """Predictions of three classes from those of two."""
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(3), len(predictions))
    columns = {f"probability_{name}": p for name, p in zip("abc", proba.T, strict=True)}
    y = np.array(list("abc"))[predictions["subject"].str.extract(r"(\d+)$")[0].astype(int) % 3]
    predicted = np.array(list("abc"))[proba.argmax(axis=1)]
    return predictions.drop(columns="score").assign(**columns, y=y, predicted=predicted)


def score_folds(predictions):
    keys = ["model", "site", "repeat", "fold"]
    return pandas.DataFrame(
        dict(zip(keys, key, strict=True))
        | {"n_train": 32 - len(part), "n_test": len(part)}
        | score_predictions(part["y"], part["predicted"], part["score"])
        for key, part in predictions.groupby(keys, sort=False)
    )
