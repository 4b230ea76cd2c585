"""Gradients of a subject's logit, or predicted target, by ROI and time, laid back onto its scan."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, is_regressor

from .._bunch import Bunch
from .._extras import require
from .._typing import Scans
from ..base import check_whole
from ..scans import in_rows
from ._reading import check_target, class_number, read, roi_names
from ._window_logits import WindowLogits

_METHODS = ("integrated_gradients", "gradient", "saliency")
_OVERLAPS = ("mean", "sum")
_CHUNK, _AT_ONCE = 128, 1024  # windows, and windows on the path


def attribute(
    estimator: BaseEstimator,
    X: Scans,
    method: str = "integrated_gradients",
    *,
    target: object = None,
    baseline: ArrayLike = 0.0,
    n_steps: int = 20,
    overlap: str = "mean",
) -> Bunch:
    r"""Attribute each subject's logit to ROIs and time points of its scan.

    What is attributed is :math:`f(x) = \frac{1}{W} \sum_w f_w(x_w)`, the mean logit of the
    :math:`W` windows of the scan :math:`x`, which is differentiable where votes are not. Integrated
    gradients [1]_ are, from a baseline :math:`b`,

    .. math:: a_{tr} = (x_{tr} - b_r) \int_0^1
       \frac{\partial f(b + \alpha (x - b))}{\partial x_{tr}} \, d\alpha,
       \qquad \sum_{tr} a_{tr} = f(x) - f(b) .

    The gradient is :math:`\partial f / \partial x_{tr}`, saliency [2]_ its absolute value. Of a
    regressor :math:`f` is the prediction, in the target's unit.

    Parameters
    ----------
    estimator : LSTMDGClassifier, LSTMDGRegressor or Pipeline
        Fitted. A Pipeline is followed to its last step, and attributions are in units of what
        enters ``SubsequenceAugmenter``, the cleaned scan; no other step may come after that.
    X : array-like or list
        What the estimator reads. Windows of bags that are copies are taken as laid one after the
        other.
    method : {"integrated_gradients", "gradient", "saliency"}, default="integrated_gradients"
        What is computed.
    target : label or array-like of shape (n_subjects,), default=None
        Whose logit: one class, or one a subject. None is ``classes_[1]`` of two classes, and of
        more each subject's class of largest mean logit.
    baseline : float or array-like of shape (n_rois,), default=0.0
        Where the path of integrated gradients begins, at every time point, in units of the cleaned
        scan. Of a standardized scan 0 is the mean.
    n_steps : int, default=20
        Points of Gauss and Legendre's rule on the path; ``gap`` tells whether they are enough.
    overlap : {"mean", "sum"}, default="mean"
        How windows are laid back: at each time point the mean over the windows that read it; or
        their sum over :math:`W`, the formulas above, in which the scan's ends, that few windows
        read, count less. Where no window reads, attributions are 0.

    Returns
    -------
    Bunch
        - ``attributions``, (n_subjects, n_timepoints, n_rois), a list where scans are ragged;
        - ``logits`` and ``baseline_logits``, (n_subjects,): :math:`f(x)` and :math:`f(b)`;
        - ``gap``, (n_subjects,): by how much the sum misses their difference; integrated gradients;
        - ``target``, (n_subjects,): the labels; None of a regressor;
        - ``scans``: the cleaned scans, one for each subject;
        - ``feature_names``: the ROIs' names in the fit, or their numbers.

    Raises
    ------
    ValueError
        If the Pipeline cannot be followed, or a parameter is not as described.
    ImportError
        If captum is not installed: the extra ``explain``.

    See Also
    --------
    randomize_weights : Whether attributions depend on what was learnt.

    Notes
    -----
    Computed in float64 on the CPU. Integrated gradients of a scan of 300 points and 116 ROIs take
    seconds where a window begins at each point. The logit of the first of two classes is the
    negative of the second's.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan. "Axiomatic Attribution for Deep Networks", ICML 2017.
    .. [2] K. Simonyan, A. Vedaldi, A. Zisserman. "Deep Inside Convolutional Networks: Visualising
       Image Classification Models and Saliency Maps", ICLR Workshop 2014.

    Examples
    --------
    >>> from sklearn_lstmdg.datasets import make_scans
    >>> from sklearn_lstmdg.explain import attribute
    >>> from sklearn_lstmdg.models import make_model
    >>> cohort = make_scans(n_subjects=20, n_timepoints=60, n_rois=12, random_state=0)
    >>> model = make_model("lstm-dg", step=10, n_communities=6, max_epochs=2, random_state=0)
    >>> attributed = attribute(model.fit(cohort.data, cohort.target), cohort.data[:3])
    >>> attributed.attributions.shape
    (3, 60, 12)
    >>> bool(abs(attributed.gap).max() < 1e-4)
    True
    """
    reading = read(estimator, X)
    module = WindowLogits(reading.model).double()
    attributed = attribute_reading(reading, module, method, target, baseline, n_steps, overlap)
    return Bunch(**attributed, feature_names=roi_names(estimator, reading.windows.n_rois))


def attribute_reading(
    reading, module, method, target=None, baseline=0.0, n_steps=20, overlap="mean"
):
    """Attribute as ``attribute`` does, to a module that need not be the model's own."""
    for name, value, known in (("method", method, _METHODS), ("overlap", overlap, _OVERLAPS)):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}.")
    check_whole(n_steps, "n_steps", 1)
    baseline = _check_baseline(baseline, reading.windows.n_rois)
    targets = check_target(target, reading.model, len(reading))
    explain = _explainer(method, module, baseline, n_steps)
    rows = [
        _attribute_row(reading, row, module, explain, wanted, baseline)
        for row, wanted in enumerate(targets)
    ]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    laid = columns.pop("sums" if overlap == "sum" else "means")
    return Bunch(
        attributions=in_rows([np.abs(a) for a in laid] if method == "saliency" else laid),
        gap=np.array(columns["gap"]) if method == "integrated_gradients" else None,
        **{name: np.array(columns[name]) for name in ("logits", "baseline_logits")},
        target=None if is_regressor(reading.model) else np.array(columns["target"]),
        scans=reading.scans,
    )


def _attribute_row(reading, row, module, explain, wanted, baseline):
    """Return a subject's attributions, laid back in both ways, its logits, and their gap."""
    windows = torch.from_numpy(reading.points(row))
    logits, base = (_mean_logits(module, w) for w in (windows, baseline.expand_as(windows[:1])))
    label, output, start, scale = _choose(reading.model, wanted, logits)
    values = scale * explain(windows, output)[:, : reading.n_read(row)]
    mean, counts = reading.lay_back(row, values)
    sums, change = mean * counts[:, None] / len(values), scale * (logits[output] - base[output])
    facts = {"means": mean, "sums": sums, "gap": sums.sum() - change, "target": label}
    answers = (start + scale * z[output] for z in (logits, base))
    return facts | dict(zip(("logits", "baseline_logits"), answers, strict=True))


def _check_baseline(baseline, n_rois):
    point = np.asarray(baseline, dtype=np.float64)
    if point.shape not in ((), (n_rois,)) or not np.isfinite(point).all():
        raise ValueError(
            f"baseline must be a finite number or one for each of the {n_rois} ROIs, got an array "
            f"of shape {point.shape}."
        )
    return torch.from_numpy(np.broadcast_to(point, n_rois).copy())


def _choose(model, wanted, logits):
    """Return a class's label, its output, and the start and scale by which that speaks for it."""
    if is_regressor(model):
        return None, 0, model.target_mean_, model.target_scale_
    number = class_number(model.classes_, wanted, logits)
    if len(model.classes_) > 2:
        return model.classes_[number], number, 0, 1
    return model.classes_[number], 0, 0, 2 * number - 1


def _explainer(method, module, baseline, n_steps):
    """Return a function that attributes an output to windows, chunk by chunk."""
    captum = require("captum.attr", extra="explain")
    if method == "integrated_gradients":
        explainer = captum.IntegratedGradients(module)
        options = {"n_steps": n_steps, "internal_batch_size": _AT_ONCE}
    else:
        explainer, options = captum.Saliency(module), {"abs": False}

    def explain(windows, output):
        if method == "integrated_gradients":
            options["baselines"] = baseline.expand_as(windows[:1])
        chunks = [chunk.requires_grad_() for chunk in windows.split(_CHUNK)]
        answers = [explainer.attribute(chunk, target=output, **options) for chunk in chunks]
        return torch.cat(answers).detach().numpy()

    return explain


def _mean_logits(module, windows):
    """Return the mean logits (n_outputs,) of a row's windows."""
    with torch.inference_mode():
        return torch.cat([module(c) for c in windows.split(_CHUNK)]).mean(dim=0).numpy()
