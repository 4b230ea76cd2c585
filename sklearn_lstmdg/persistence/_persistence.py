"""Models in files without pickle: arrays as safetensors, all else as JSON, nothing executed."""

import warnings
from pathlib import Path

import numpy as np
import sklearn
import torch
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils.validation import check_is_fitted

from .._version import __version__
from ._model_files import read_model_file, write_model_file
from ._state_reader import StateReader
from ._state_writer import StateWriter

__all__ = ["load_model", "save_model"]


def save_model(estimator, path):
    """Write a fitted estimator to a file, without pickle.

    The file is in the safetensors format, which many tools read: arrays by name, and JSON in its
    metadata for all that is no array. It is written whole or not at all.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this package, or a Pipeline of such and of scikit-learn's
        ``StandardScaler``, ``LogisticRegression``, ``RidgeClassifier`` and ``LinearSVC``.
    path : str or path
        The file, by custom named ``.safetensors``; it is replaced where it exists. Its folder must
        exist.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If something cannot be saved; the message names the parameter or attribute. Files hold no
        code, so no callable ``monitor``, no ``callbacks`` and no splitter as ``cv``, and no
        ``RandomState``.
    ImportError
        If safetensors, in the extra ``files``, is not installed.

    See Also
    --------
    load_model : Reads the file.

    Notes
    -----
    A network's optimiser is saved too: ``partial_fit`` and ``warm_start`` go on where they were.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_lstmdg import FCSVM
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.persistence import load_model, save_model
    >>> cohort = make_scans(n_subjects=20, n_rois=12, random_state=0)
    >>> svm = FCSVM(Cs=[0.1], random_state=0).fit(cohort.data, cohort.target)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(svm, Path(folder) / "svm.safetensors")
    ...     loaded = load_model(Path(folder) / "svm.safetensors")
    >>> bool((loaded.predict_proba(cohort.data) == svm.predict_proba(cohort.data)).all())
    True
    """
    check_is_fitted(estimator)
    writer = StateWriter()
    document = {"versions": _versions(), "estimator": writer.encode_estimator(estimator)}
    write_model_file(Path(path), document, writer.arrays)


def load_model(path, *, device=None):
    """Read an estimator from a file that ``save_model`` wrote; no code in the file can run.

    Parameters
    ----------
    path : str or path
        The file.
    device : str, default=None
        What the parameter ``device`` of an ``LSTMDGClassifier`` becomes, such as "cpu" for a net
        that was trained with ``device="cuda"``.

    Returns
    -------
    estimator
        Fitted as it was: on the same machine its predictions have the same bits.

    Raises
    ------
    ValueError
        If the file is damaged, is no model file, is of a newer format, holds a class or a parameter
        that this version does not know, or arrays that do not fit each other.
    ImportError
        If safetensors, in the extra ``files``, or a package that the model needs is not installed.

    Warns
    -----
    InconsistentVersionWarning
        If the file holds fitted estimators of scikit-learn, and another version wrote it.

    Notes
    -----
    The checksum in a file finds damage. It is no signature: a file from a stranger may hold a model
    that predicts what the stranger likes.
    """
    path = Path(path)
    document, arrays = read_model_file(path)
    reader = StateReader(arrays, device)
    try:
        if document["estimator"]["type"] != "estimator":
            raise ValueError("it holds no estimator.")
        estimator = reader.decode(document["estimator"])
        version = document["versions"]["scikit-learn"]
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # whatever a file claims that cannot be
        raise ValueError(f"No model can be made from {path}: {error}") from error
    if version != sklearn.__version__:
        for name in sorted(reader.others):
            warning = InconsistentVersionWarning(
                estimator_name=name,
                current_sklearn_version=sklearn.__version__,
                original_sklearn_version=version,
            )
            warnings.warn(warning, stacklevel=2)
    return estimator


def _versions():
    """Return the versions that made a file."""
    return {
        "sklearn_lstmdg": __version__,
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "torch": torch.__version__,
    }
