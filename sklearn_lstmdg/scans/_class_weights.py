"""What class weights may be, for every classifier alike."""

from numbers import Real

import numpy as np


def check_class_weight(class_weight, classes):
    """Check weights of classes and return them by class number.

    Shapes: classes (n_classes,).
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
