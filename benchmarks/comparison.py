"""Time to a finished comparison: ``lstmdg compare``, or the same with skorch and GridSearchCV.

A simulated cohort of NYU's size; ten folds, of which one is tested, the next chooses the epoch, and
the others train; LSTM-DG, H, D and S, stopped by the validation subjects' cross-entropy, at most
200 epochs, and an SVM on the windows' correlations, whose C is searched for on every tenth window.
Two folds run side by side, each on one thread. ``lstmdg`` reads the scans from files and keeps
results; the other side has them in memory. Epochs, of all folds of the four networks together, are
how long the early stopping happened to let each side train.
"""

from functools import partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from _measure import main, timed

LENGTH, NOISE, BATCH, MAX_EPOCHS = 30, 0.7, 32, 200
NETWORKS = {"lstm-dg": "dg", "lstm-h": "h", "lstm-d": "d", "lstm-s": "s"}
MODELS = [*NETWORKS, "fc-svm"]
N_JOBS = 2
# Subjects, time points, ROIs; folds, points from one window to the next.
SIZES = {"full": ((172, 176, 111), 10, 1), "quick": ((12, 61, 20), 3, 10)}
CS, THINNED = 10.0 ** np.arange(-5, 2), 10


def make_cohort(shape):
    """Simulate scans and classes."""
    from sklearn_lstmdg.datasets import make_scans

    return make_scans(*shape, random_state=0)


def told(seconds, n_epochs, y, score):
    """Return one measurement; what LSTM-DG reached shows that both sides did the task."""
    from sklearn.metrics import roc_auc_score

    note = f"{n_epochs} epochs; AUC of LSTM-DG {roc_auc_score(y, score):.2f}"
    return {"seconds": seconds, "work": 3600, "note": note}


def write_scans(cohort, folder):
    """Lay a cohort out as PCP does: a table, and a file of series for each subject."""
    scans = folder / "ABIDE_pcp" / "ccs" / "filt_global"
    scans.mkdir(parents=True)
    header = "\t".join(f"#{code}" for code in cohort.roi_codes)
    lines = ["SUB_ID,SITE_ID,FILE_ID,DX_GROUP"]
    for number, (scan, label) in enumerate(zip(cohort.data, cohort.target, strict=True)):
        lines.append(f"{number},NYU,NYU_{number},{2 - label}")
        path = scans / f"NYU_{number}_rois_aal.1D"
        np.savetxt(path, scan, header=header, comments="", delimiter="\t")
    table = folder / "ABIDE_pcp" / "Phenotypic_V1_0b_preprocessed1.csv"
    table.write_text("\n".join(lines) + "\n")


def register_networks():
    """Let the networks' names stand for the training that the other side has too."""
    from sklearn_lstmdg.models import make_model, register_model

    early = {"input_noise": NOISE, "monitor": "subject_loss", "max_epochs": MAX_EPOCHS}
    for name, variant in NETWORKS.items():
        register_model(name, partial(make_model, "lstm-dg-paper", variant=variant, **early))


def ours(size):
    """Run the command, from files to tables."""
    from sklearn_lstmdg.cli import main as lstmdg
    from sklearn_lstmdg.evaluation import load_comparison

    register_networks()
    shape, n_folds, step = SIZES[size]
    with TemporaryDirectory() as folder:
        write_scans(make_cohort(shape), Path(folder))
        out = f"{folder}/out"
        options = {"data-dir": folder, "folds": n_folds, "step": step, "n-jobs": N_JOBS, "out": out}
        command = ["compare", "--quiet", *(f"--{name}={value}" for name, value in options.items())]
        codes = []
        seconds = timed(lambda: codes.append(lstmdg([*command, "--models", *MODELS])))
        if codes != [0]:
            raise RuntimeError(f"lstmdg ended with {codes}.")
        comparison = load_comparison(out)
    folds, predictions = comparison.folds, comparison.predictions
    n_epochs = folds["n_iter"][folds["model"].isin(NETWORKS)].sum()
    of_one = predictions[predictions["model"] == "lstm-dg"]
    return told(seconds, int(n_epochs), of_one["y"], of_one["score"])


def split(y, n_folds):
    """Yield training, validation and test rows of each fold."""
    from sklearn.model_selection import StratifiedKFold

    cv = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    parts = [test for _, test in cv.split(y, y)]
    for fold, test in enumerate(parts):
        validation = parts[(fold + 1) % n_folds]
        yield np.setdiff1d(np.arange(len(y)), [*validation, *test]), validation, test


def fit_network(variant, scans, y, rows, step):
    """Return the share of each test subject's windows that are positive, and the epochs."""
    import torch
    from _skorch_net import make_net
    from _torch_net import Windows

    torch.manual_seed(0)
    training, validation, test = (Windows(scans[part], y[part], step) for part in rows)
    module = {"n_rois": scans.shape[2], "variant": variant, "noise": NOISE}
    net = make_net(BATCH, validation, MAX_EPOCHS, **module).fit(training, None)
    logits = np.concatenate([logits.numpy() for logits, _ in net.forward_iter(test)])
    return (logits > 0).reshape(len(test.y), -1).mean(axis=1), len(net.history)


def fit_svm(scans, y, rows, step):
    """Return the same of an SVM on windows, trained on training and validation rows."""
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
    from sklearn.svm import LinearSVC

    training, test = np.append(*rows[:2]), rows[2]
    svm, X = LinearSVC(tol=1e-3, max_iter=200), connectivity(scans[training], step)
    some = X[:, ::THINNED]
    weight, subjects = X.shape[1] / some.shape[1], np.repeat(training, some.shape[1])
    cv = StratifiedGroupKFold(min(5, *np.bincount(y[training])), shuffle=True, random_state=0)
    search = GridSearchCV(svm, {"C": CS * weight}, cv=cv, refit=False)
    search.fit(some.reshape(-1, X.shape[2]), y[subjects], groups=subjects)
    svm.set_params(C=search.best_params_["C"] / weight)
    svm.fit(X.reshape(-1, X.shape[2]), np.repeat(y[training], X.shape[1]))
    return [svm.predict(windows).mean() for windows in connectivity(scans[test], step)], 0


def connectivity(scans, step):
    """Return the correlations of all windows (n_subjects, n_windows, n_connections)."""
    above = np.triu_indices(scans.shape[2], 1)
    windows = np.lib.stride_tricks.sliding_window_view(scans, LENGTH, axis=1)[:, ::step]
    return np.array([[np.corrcoef(window)[above] for window in scan] for scan in windows])


def fit_fold(model, scans, y, rows, step):
    """Return the test subjects' scores, and the epochs."""
    if model in NETWORKS:
        return fit_network(NETWORKS[model], scans, y, rows, step)
    return fit_svm(scans, y, rows, step)


def peer(size):
    """Run what a script does with skorch and ``GridSearchCV``."""
    from joblib import Parallel, delayed

    shape, n_folds, step = SIZES[size]
    cohort = make_cohort(shape)
    y, results = cohort.target, []

    def compare():
        scans = cohort.data - cohort.data.mean(axis=1, keepdims=True)
        scans /= scans.std(axis=1, keepdims=True)
        tasks = product(MODELS, split(y, n_folds))
        fits = (delayed(fit_fold)(model, scans, y, rows, step) for model, rows in tasks)
        results.extend(Parallel(N_JOBS)(fits))

    seconds = timed(compare)
    scores = np.concatenate([score for score, _ in results[:n_folds]])
    tested = np.concatenate([test for *_, test in split(y, n_folds)])
    return told(seconds, sum(n for _, n in results), y[tested], scores)


CANDIDATES = {"skorch and GridSearchCV": peer, "lstmdg compare": ours}

if __name__ == "__main__":
    main(CANDIDATES)
