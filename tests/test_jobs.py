import warnings

import joblib
import pytest

from sklearn_lstmdg._jobs import bounded_jobs


def test_no_more_jobs_than_processors():
    most = joblib.cpu_count()
    with pytest.warns(UserWarning, match="n_jobs=100000, and there are .* processors"):
        assert bounded_jobs(100_000, 10**6) == most
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bounded_jobs(-1, 10**6) == most
        assert bounded_jobs(-1, 1) == bounded_jobs(None, 8) == bounded_jobs(1, 0) == 1


def test_what_joblib_is_set_to_counts():
    with joblib.parallel_config(backend="sequential"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bounded_jobs(100_000, 8) == 1
    with joblib.parallel_config(n_jobs=-1):
        assert bounded_jobs(None, 10**6) == joblib.cpu_count()


@pytest.mark.parametrize("n_jobs", [0, True, 1.5, "a"])
def test_what_is_no_number_of_jobs_is_named(n_jobs):
    with pytest.raises(ValueError, match=r"n_jobs must .*0|n_jobs must be a whole number or None"):
        bounded_jobs(n_jobs, 2)
