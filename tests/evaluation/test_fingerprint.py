import numpy as np
import pytest

from sklearn_lstmdg.evaluation import describe


def make(scale, source="lambda X: X * scale + 1"):
    return eval(source, {"scale": scale})


def enclose(scale):
    return lambda X: X * scale


def with_default(scale):
    def transform(X, factor=scale):
        return X * factor

    return transform


@pytest.mark.parametrize("maker", [enclose, with_default])
def test_what_a_function_encloses_counts(maker):
    assert describe(maker(2)) == describe(maker(2))
    assert describe(maker(2)) != describe(maker(3))
    assert describe(maker(np.ones(3))) != describe(maker(np.zeros(3)))


def test_the_code_of_a_function_counts():
    assert describe(make(1)) == describe(make(1))
    assert describe(make(1)) != describe(make(1, "lambda X: X * scale + 2"))
    assert describe(make(1)) != describe(make(1, "lambda X: X / scale + 1"))


def test_a_function_that_encloses_itself_is_described():
    def count(n):
        return 0 if n == 0 else count(n - 1)

    assert describe(count)["function"].endswith("count")


def test_methods_count_with_what_they_are_bound_to():
    class Scaler:
        def __init__(self, scale):
            self.scale = scale

        def transform(self, X):
            return X * self.scale

    assert describe(Scaler(1).transform) == describe(Scaler(1).transform)
    assert describe(Scaler(1).transform) != describe(Scaler(2).transform)
