import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest

from sklearn_lstmdg import LSTMDGClassifier, MeanMLPClassifier, TransferAutoencoderClassifier

MODELS = [  # large enough that torch works on several threads
    LSTMDGClassifier(n_communities=50, max_epochs=1, n_nets=2, random_state=0),
    MeanMLPClassifier((160,), max_epochs=1, random_state=0),
    TransferAutoencoderClassifier(pretrain_epochs=1, max_epochs=1, random_state=0),
]


def fit_all():
    X = np.random.default_rng(0).standard_normal((24, 60, 60))
    for model in MODELS:
        model.set_params(n_threads=2).fit(X, np.arange(24) % 2).predict(X)


def fit_here_and_in_a_forked_child():
    fit_all()
    child = multiprocessing.get_context("fork").Process(target=fit_all)
    child.start()
    child.join()
    sys.exit(child.exitcode)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks on this system")
def test_a_forked_child_fits_on_one_thread_and_warns():
    code = f"import runpy; runpy.run_path({__file__!r})['fit_here_and_in_a_forked_child']()"
    command = [sys.executable, "-W", "always", "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert told.returncode == 0, told.stderr
    warning = "n_threads=2, and this process was forked: torch runs on 1."
    assert told.stderr.count(warning) >= len(MODELS)
