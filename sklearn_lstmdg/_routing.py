"""What goes which way through a Pipeline: X, seeds, and what fits are given beside it."""

from sklearn import get_config
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

_ENDS = {"validation", "X_unlabeled"}  # for a Pipeline's last step alone
_EMPTY = (None, "passthrough")
_SEARCHES = (GridSearchCV, RandomizedSearchCV)


def last_step(estimator):
    """Return the estimator itself, a Pipeline's last step, or a search's best estimator."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


def unfold(estimator):
    """Return the steps that X goes through, in Pipelines, searches and frozen ones.

    The last one is the estimator itself, where it is none of these. Samplers are left out.
    """
    if isinstance(estimator, FrozenEstimator):
        return unfold(estimator.estimator)
    if hasattr(estimator, "best_estimator_"):
        return unfold(estimator.best_estimator_)
    if not isinstance(estimator, Pipeline):
        return [estimator]
    *before, last = [step for _, step in estimator.steps]
    kept = [s for s in before if s not in _EMPTY and not hasattr(s, "fit_resample")]
    return [inner for step in (*kept, last) for inner in unfold(step)]


def follow(estimator, X):
    """Return the last of all steps, and what it reads where the estimator is given X."""
    *before, last = unfold(estimator)
    for step in before:
        X = step.transform(X)
    return last, X


def set_random_states(estimator, make_seeds):
    """Set every ``random_state`` of an estimator and of what it contains.

    ``make_seeds(n)`` returns n seeds, which the parameters get in the order of their names.
    """
    names = sorted(n for n in estimator.get_params() if n.split("__")[-1] == "random_state")
    estimator.set_params(**dict(zip(names, make_seeds(len(names)), strict=True)))


def pretrains(estimator):
    """Tell whether the estimator, or a Pipeline's last step, pretrains on unlabelled rows.

    Parameters that say so, if there are any: ``pretrain_epochs`` and ``transductive``.
    """
    last = last_step(estimator)
    wants = getattr(last, "pretrain_epochs", 1) != 0 and getattr(last, "transductive", True)
    return wants and has_fit_parameter(last, "X_unlabeled")


def fit_arguments(estimator, groups=None, validation=None, X_unlabeled=None):
    """Return the keywords of ``estimator.fit`` that bring each value to the fits that take it.

    Groups go to every step, the mask and the unlabelled rows to a Pipeline's last step alone. What
    is None goes nowhere. With metadata routing, steps of a Pipeline get what they request.
    """
    values = {"groups": groups, "validation": validation, "X_unlabeled": X_unlabeled}
    values = {name: value for name, value in values.items() if value is not None}
    if not get_config()["enable_metadata_routing"]:
        return _prefixed_arguments(estimator, values)
    if isinstance(estimator, Pipeline):
        wanted = get_routing_for_object(estimator).consumes("fit", values)
        ends = {n for n in _ENDS & set(values) if has_fit_parameter(last_step(estimator), n)}
        wanted = (wanted - _ENDS) | ends
    elif isinstance(estimator, _SEARCHES):
        wanted = get_routing_for_object(estimator).consumes("fit", values.keys() & {"groups"})
    else:
        wanted = _taken(estimator, values)
    return {name: values[name] for name in wanted}


def _prefixed_arguments(estimator, values):
    if not isinstance(estimator, Pipeline):
        return {name: values[name] for name in _taken(estimator, values)}
    arguments = {}
    for name, step in _steps(estimator):
        is_last = step is estimator.steps[-1][1]
        mine = {key: v for key, v in values.items() if is_last or key not in _ENDS}
        for key, value in _prefixed_arguments(step, mine).items():
            arguments[f"{name}__{key}"] = value
    return arguments


def _taken(estimator, names):
    """Return which of these keywords the estimator's own fit takes."""
    if isinstance(estimator, _SEARCHES):
        return {"groups"} & set(names)
    return {name for name in names if has_fit_parameter(estimator, name)}


def _steps(pipeline):
    return [(name, step) for name, step in pipeline.steps if step not in _EMPTY]


def request_metadata(estimator):
    """Let each step of a Pipeline request what it takes; nothing without metadata routing.

    The steps before the last one then transform ``X_unlabeled``.
    """
    if isinstance(estimator, Pipeline) and get_config()["enable_metadata_routing"]:
        _request(estimator, is_last=True)


def _request(pipeline, is_last):
    if is_last and pretrains(pipeline):
        pipeline.set_params(transform_input=["X_unlabeled"])
    for _, step in _steps(pipeline):
        ends = is_last and step is pipeline.steps[-1][1]
        if isinstance(step, Pipeline):
            _request(step, ends)
            continue
        if has_fit_parameter(step, "groups"):
            step.set_fit_request(groups=True)
        for name in sorted(_ENDS):
            if has_fit_parameter(step, name):
                step.set_fit_request(**{name: ends})
