"""What class weights may be, for every classifier alike."""

from numbers import Real

import numpy as np


def check_class_weight(class_weight, classes):
    """Check weights of classes and return them by class number.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weights by label; a class that is not named has weight 1.
    classes : ndarray of shape (n_classes,)
        Labels.

    Returns
    -------
    dict of int to float, "balanced" or None

    Raises
    ------
    ValueError
        If a label is unknown, a weight is negative or not finite, or all of them are zero.
    """
    if class_weight is None or class_weight == "balanced":
        return class_weight
    numbers = {label: number for number, label in enumerate(np.asarray(classes).tolist())}
    for label, weight in class_weight.items():
        if label not in numbers:
            known = ", ".join(map(repr, numbers))
            raise ValueError(f"class_weight names {label!r}, which is not among {known}.")
        if not isinstance(weight, Real) or not 0 <= weight < np.inf:
            raise ValueError(f"class_weight of {label!r} must be 0 or more, got {weight!r}.")
    weights = dict.fromkeys(range(len(numbers)), 1.0)
    weights |= {numbers[label]: float(weight) for label, weight in class_weight.items()}
    if not any(weights.values()):
        raise ValueError("class_weight is 0 for every class.")
    return weights
