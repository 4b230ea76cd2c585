"""Peak memory of fitting and predicting on bags, and seconds per epoch, as subjects grow.

The bound: three times the scans' float32 size plus 400 MB, over the imported package.
"""

from functools import partial

from _measure import main, make_cohort, peak_mb, timed

LENGTH = 30


def fit_and_predict(size, n_subjects):
    """One epoch of training with validation, and one prediction."""
    from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter

    if size == "quick":
        n_subjects = min(n_subjects, 36)
    imported = peak_mb()
    scans, y = make_cohort((n_subjects, 176 if size == "full" else 61, 116))
    model = LSTMDGClassifier(max_epochs=1, max_updates=None, patience=1, random_state=0)
    bags = SubsequenceAugmenter(LENGTH).fit_transform(scans)
    seconds = timed(lambda: model.fit(bags, y))
    model.predict_proba(bags)
    bound = 3 * scans.nbytes / 2**20 + 400
    return {
        "seconds": seconds,
        "work": n_subjects,
        "over_import_mb": round(peak_mb() - imported),
        "bound_mb": round(bound),
    }


CANDIDATES = {f"{n} scans": partial(fit_and_predict, n_subjects=n) for n in (18, 184, 1840)}

if __name__ == "__main__":
    main(CANDIDATES)
