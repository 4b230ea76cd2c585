"""What holds for all input: hypothesis makes the scans, the faults and the damage.

The profile "ci" takes about a minute. With HYPOTHESIS_PROFILE=thorough it runs for hours, draws
anew each time, and keeps in ``.hypothesis`` what failed.
"""

import contextlib
import faulthandler
import hashlib
import io
import json
import os
import re
import shutil
import tracemalloc
import warnings
import zipfile
from datetime import datetime, timezone
from functools import cache, partial
from inspect import signature
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression
from sklearn.utils._param_validation import make_constraint

import sklearn_lstmdg
from sklearn_lstmdg.evaluation import _fold_runs, compare_models, load_comparison
from sklearn_lstmdg.persistence import load_model, read_facts, save_model
from sklearn_lstmdg.scans import window_view

pandas = pytest.importorskip("pandas")

_ANY_TIME = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": set(Phase) - {Phase.explain},
}
settings.register_profile("ci", max_examples=5, derandomize=True, database=None, **_ANY_TIME)
settings.register_profile("thorough", max_examples=3000, **_ANY_TIME)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

pytestmark = pytest.mark.filterwarnings("ignore")

TINY = {
    **{"n_communities": 2, "n_units": 2, "max_epochs": 2, "pretrain_epochs": 1, "max_iter": 3},
    **{"n_init": 1, "n_states": (1, 2), "hidden_sizes": (3,), "layer_sizes": (3, 2)},
    **{
        "Cs": (0.1, 1.0),
        "cv": 2,
        "length": 4,
        "max_updates": 100,
        "patience": 9,
        "random_state": 0,
    },
}
NAMES = [name for name in sklearn_lstmdg.__all__ if isinstance(getattr(sklearn_lstmdg, name), type)]
each_estimator = pytest.mark.parametrize("name", NAMES)
REFUSED = (ValueError, TypeError)  # scikit-learn's own errors are such too


def many(factor):
    """Take a multiple of the profile's examples where one is quick, or much can go wrong."""
    return settings(max_examples=factor * settings.default.max_examples)


def tiny(name, **changes):
    """Return a public estimator that fits in milliseconds."""
    estimator = getattr(sklearn_lstmdg, name)()
    known = estimator.get_params(deep=False).keys()
    if "estimator" in known:
        estimator.set_params(estimator=tiny("LSTMDGClassifier"))
    return estimator.set_params(**{k: v for k, v in TINY.items() if k in known} | changes)


def target(estimator, n_rows):
    return np.linspace(0, 1, n_rows) if is_regressor(estimator) else np.arange(n_rows) % 2


def answers(fitted, X):
    """Return what each method says of X, each row an array."""
    names = ("transform", "predict", "predict_proba", "decision_function", "generate")
    return {
        name: list(map(np.asarray, getattr(fitted, name)(X)))
        for name in names
        if hasattr(fitted, name)
    }


# --- All forms of the same data

KINDS = {
    "scans": lambda X: X,
    "ragged": lambda X: [scan[: len(scan) - i % 3] for i, scan in enumerate(X)],
    "bags": lambda X: window_view(X, 6, 2),
    "ragged bags": lambda X: [window_view(scan[i % 3 :], 6, 2) for i, scan in enumerate(X)],
    "table": lambda X: X[:, 0],
}


class Wrapped:
    """Gives an array away through its protocol alone."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.array, dtype)


def backwards(array):
    """Lay an array so that all its strides are negative."""
    turned = (slice(None, None, -1),) * array.ndim
    return array[turned].copy()[turned]


def boxed(rows):
    box = np.empty(len(rows), dtype=object)
    box[:] = list(rows)
    return box


def frozen(array):
    array = array.copy()
    array.flags.writeable = False
    return array


ARRAY_FORMS = {
    "Fortran order": np.asfortranarray,
    "negative strides": backwards,
    "every other value": lambda X: np.repeat(X, 2, axis=-1)[..., ::2],
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "long integers": lambda X: X.astype(np.int64),
    "short integers": lambda X: X.astype(np.int8),
    "other byte order": lambda X: X.astype(">f8"),
    "objects": lambda X: X.astype(object),
    "lists of numbers": lambda X: X.tolist(),
    "read-only": frozen,
}
PROTOCOL = {"its protocol alone": Wrapped}
FRAME = {"data frame": partial(pandas.DataFrame, columns=["a", "b", "c"])}


@st.composite
def cohorts(draw, n_rows=8):
    """Draw scans of whole numbers, which every format holds."""
    seed, n_points = draw(st.integers(0, 2**32 - 1)), draw(st.integers(8, 12))
    return np.random.default_rng(seed).integers(-9, 10, (n_rows, n_points, 3)).astype(float)


@st.composite
def equivalents(draw, X):
    """Draw another form of the same rows: of the whole array, or of each row on its own."""
    n_axes = X[0].ndim
    if isinstance(X, np.ndarray) and (n_axes == 1 or draw(st.booleans())):
        forms = ARRAY_FORMS | PROTOCOL | (FRAME if n_axes == 1 else {})
        return forms[draw(st.sampled_from(sorted(forms)))](X)
    if n_axes == 2 and draw(st.booleans()):
        rows = map(FRAME["data frame"], X)
    else:
        forms = draw(st.lists(st.sampled_from(sorted(ARRAY_FORMS)), min_size=len(X)))
        rows = [ARRAY_FORMS[form](row) for form, row in zip(forms, X, strict=False)]
    return draw(st.sampled_from([list, tuple, boxed]))(list(rows))


def test_rows_may_give_their_arrays_away_by_protocol():
    rows = [Wrapped(scan) for scan in np.ones((8, 12, 3))]
    assert tiny("SubsequenceAugmenter").fit(rows).n_features_in_ == 3


@each_estimator
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_all_forms_of_the_same_data_give_equal_results(name, kind, data):
    X = KINDS[kind](data.draw(cohorts()))
    same = data.draw(equivalents(X))
    y = target(tiny(name), len(X))
    try:
        wanted = answers(tiny(name).fit(X, y), X)
    except ValueError:  # a data form that it does not read, whatever holds it
        with pytest.raises(ValueError):
            tiny(name).fit(same, y)
        return
    for told in (answers(tiny(name).fit(same, y), X), answers(tiny(name).fit(X, y), same)):
        assert told.keys() == wanted.keys()
        for method, rows in told.items():
            for row, expected in zip(rows, wanted[method], strict=True):
                np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-4, err_msg=method)


# --- Input that cannot be used


def nonfinite(draw, scan):
    point, roi = draw(st.integers(0, len(scan) - 1)), draw(st.integers(0, 2))
    scan[point, roi] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    return scan, f"roi {roi}"


def textual(draw, scan):
    scan = scan.astype(object)
    scan[draw(st.integers(0, len(scan) - 1)), draw(st.integers(0, 2))] = draw(st.text("uvwxyz"))
    return scan, "not a number"


FAULTS = {
    "a value that is not finite": nonfinite,
    "text": textual,
    "fewer ROIs": lambda draw, scan: (scan[:, :2], "roi"),
    "more ROIs": lambda draw, scan: (np.hstack([scan, scan]), "roi"),
    "no time points": lambda draw, scan: (scan[:0], "without"),
    "one axis": lambda draw, scan: (scan[:, 0], "axes"),
    "another axis": lambda draw, scan: (scan[None], "axes"),
    "many axes": lambda draw, scan: (scan[None, None], "axes"),
    "complex numbers": lambda draw, scan: (scan + 1j, "complex"),
    "a mask": lambda draw, scan: (np.ma.masked_greater(scan, 0), "mask"),
    "times": lambda draw, scan: (scan.astype("datetime64[s]"), "times"),
    "durations": lambda draw, scan: (scan.astype("timedelta64[s]"), "times"),
}


@st.composite
def faulty_scans(draw):
    """Draw a list of scans, one of which has a fault, and what the error must tell."""
    rows, at = list(draw(cohorts())), draw(st.integers(1, 7))
    rows[at], told = FAULTS[draw(st.sampled_from(sorted(FAULTS)))](draw, rows[at])
    return rows, f"row {at}", told


@each_estimator
@given(faulty=faulty_scans(), good=cohorts())
def test_the_row_of_a_fault_is_named(name, faulty, good):
    X, *words = faulty
    y = target(tiny(name), len(X))
    fitted = tiny(name).fit(good, y)
    methods = ["transform", "predict", "predict_proba", "decision_function", "generate"]
    asked = [getattr(fitted, method) for method in methods if hasattr(fitted, method)]
    for call in (partial(tiny(name).fit, y=y), *asked):
        with pytest.raises(REFUSED) as caught:
            call(X)
        for word in words:
            assert word in str(caught.value).lower()


NO_SCANS = {
    "nothing": None,
    "a number": 3,
    "a word": "scans",
    "no rows": [],
    "an empty array": np.zeros((0, 12, 3)),
    "no points": np.zeros((8, 0, 3)),
    "no ROIs": np.zeros((8, 12, 0)),
    "one axis": np.zeros(8),
    "five axes": np.zeros((8, 2, 2, 2, 3)),
    "words": [["a", "b"]] * 8,
    "scans of words": [[["a", "b"]] * 12] * 8,
    "sets": [{1, 2}] * 8,
    "a dict": {"X": np.zeros((8, 12, 3))},
}


@each_estimator
@pytest.mark.parametrize("X", NO_SCANS.values(), ids=NO_SCANS)
def test_what_is_no_scans_is_refused(name, X):
    estimator = tiny(name)
    with pytest.raises(REFUSED):
        estimator.fit(X, target(estimator, 8))


def spoilt(values, at, value):
    values = list(values)
    values[at] = value
    return values


# Beside X: what is given in place of it, spoilt at a row, and a word that the error must hold.
LABELS = {
    "one class": lambda at: (np.zeros(8), "class"),
    "too short": lambda at: (np.arange(at) % 2, "y has"),
    "not a number": lambda at: (spoilt(np.arange(8.0) % 2, at, np.nan), f"row {at}"),
    "missing": lambda at: (spoilt(np.arange(8) % 2, at, None), f"row {at}"),
    "mixed types": lambda at: (spoilt(np.arange(8) % 2, at, "a"), "y"),
    "continuous": lambda at: (np.arange(8) + 0.5, "label"),
    "two columns": lambda at: (np.eye(8)[:, :2], "y"),
    "none": lambda at: (None, "y"),
}
GROUPS = {
    "too short": lambda at: (range(at), "groups"),
    "not a number": lambda at: (spoilt(np.arange(8.0), at, np.nan), f"row {at}"),
    "missing": lambda at: (spoilt(np.arange(8), at, None), f"row {at}"),
    "pandas's NA": lambda at: (pandas.array(spoilt(range(8), at, None), "Int64"), f"row {at}"),
    "two columns": lambda at: (np.eye(8)[:, :2], "groups"),
}
VALIDATION = {
    "too short": lambda at: (np.arange(at) == 0, "validation"),
    "numbers": lambda at: ((np.arange(8) == at) * 1.0, "validation"),
    "row numbers": lambda at: ([at, 0], "validation"),
    "all": lambda at: (np.full(8, True), "validation"),
    "none": lambda at: (np.full(8, False), "validation"),
    "a class": lambda at: (np.arange(8) % 2 == at % 2, "validation"),
}
BESIDE_X = {"y": LABELS, "groups": GROUPS, "validation": VALIDATION}


def arguments_of(name):
    """Return what fit takes beside X, of those above."""
    if not is_classifier(tiny(name)):
        return []
    return [argument for argument in BESIDE_X if argument in signature(tiny(name).fit).parameters]


@pytest.mark.parametrize(
    ("name", "argument", "fault"),
    [
        (name, argument, fault)
        for name in NAMES
        for argument in arguments_of(name)
        for fault in BESIDE_X[argument]
    ],
)
@given(at=st.integers(0, 7), X=cohorts())
def test_what_is_beside_the_scans_is_checked(name, argument, fault, at, X):
    estimator = tiny(name)
    value, word = BESIDE_X[argument][fault](at)
    with pytest.raises(REFUSED) as caught:
        estimator.fit(X, **{"y": target(estimator, 8), argument: value})
    assert word in str(caught.value).lower()


# --- Parameters

NAN, INF = float("nan"), float("inf")
NUMBERS = [NAN, INF, -INF, -1, -0.5, 0, 1, 1.5, True, False, np.bool_(True), np.float64(NAN)]
OTHERS = [None, "", "nonsense", b"dg", 1j, {"a": 1}, [[1, 2]], object(), int, np.datetime64("NaT")]
# What scikit-learn's constraints let through: collections, words and functions of a wrong kind.
HELD = {
    "Cs": [[], [NAN], [INF], [0], [-1], ["a"], [None], [[1, 2]], {"a": 1}],
    "n_states": [[], [NAN], [1.5], [0], [-1], ["a"], [None], [[1, 2]], [True]],
    "hidden_sizes": [[NAN], [1.5], [0], [-1], ["a"], [None], [[1, 2]], [True]],
    "layer_sizes": [[], [NAN], [1.5], [0], [-1], ["a"], [None], [[1, 2]], [True]],
    "dropout": [(0.1,), (0.1,) * 4, (0.1, 0.1, NAN), (0.1, 0.1, 1), (0.1, 0.1, -1), ("a",) * 3],
    "augment": [("a",), (1,), (None,), ("sign", "a"), [["sign"]]],
    "band_pass": [(0.1,), (0.2, 0.1), (0.1, 0.1), (0, 0.1), (NAN, 0.1), (0.1, INF), ("a", "b")],
    "class_weight": [{"a": 1}, {0: -1}, {0: NAN}, {0: INF}, {0: 0, 1: 0}, {0: "a"}, {0: None}],
    "callbacks": [["a"], [1], [int]],
    "device": ["nonsense", "", "meta", "cpu:-1"],
    "cv": [b"dg", ["a"], [1], [None], [[1, 2, 3]]],
    "monitor": [lambda y, proba: None, lambda y, proba: "a"],
    "n_jobs": [0],
}
HUGE = [2**31, 2**63, 10**30, 1e300]
TAKES_LONG = (
    *("n_communities", "n_units", "n_nets", "n_init", "n_jobs", "horizon"),
    *("max_epochs", "max_updates", "max_iter", "pretrain_epochs"),
)


def is_good(value, constraint):
    is_truth = isinstance(value, bool | np.bool_)
    if is_truth and constraint not in ("boolean", "verbose"):
        return False  # Python takes truth values for the numbers 0 and 1, and we do not
    return make_constraint(constraint).is_satisfied_by(value)


def bad_values(estimator, parameter):
    constraints = estimator._parameter_constraints[parameter]
    tried = [v for v in NUMBERS + OTHERS if not any(is_good(v, c) for c in constraints)]
    return tried + HELD.get(parameter, [])


@contextlib.contextmanager
def ends(seconds=600):
    """End the process where something hangs, and tell where."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def complaint(call, parameter):
    """Return what is wrong with how a bad value is refused, or None."""
    try:
        with ends():
            call()
    except REFUSED as error:
        return None if parameter in str(error) else f"is not named: {error!r}"
    except Exception as error:
        return f"is refused otherwise: {error!r}"
    return "is accepted"


def complaints_of_fit(name, parameter, values):
    told = []
    for value in values:
        fit = tiny(name, **{parameter: value}).fit
        found = complaint(partial(fit, X_PLAIN, target(tiny(name), 12)), parameter)
        told += [] if found is None else [f"{parameter}={value!r} {found}"]
    return told


def each_parameter(leave_out=()):
    """Parametrize a test by the parameters of all estimators."""
    cases = [(name, parameter) for name in NAMES for parameter in tiny(name).get_params(deep=False)]
    return pytest.mark.parametrize(
        ("name", "parameter"),
        [case for case in cases if case[1] not in leave_out],
    )


X_PLAIN = np.random.default_rng(0).standard_normal((12, 12, 3))


@each_parameter()
def test_bad_values_of_parameters_are_refused_by_name(name, parameter):
    found = complaints_of_fit(name, parameter, bad_values(tiny(name), parameter))
    assert not found, "\n".join(found)


@each_parameter(leave_out=TAKES_LONG)
def test_huge_values_of_parameters_are_used_or_refused_by_name(name, parameter):
    found = complaints_of_fit(name, parameter, HUGE)
    wrong = [f for f in found if "is accepted" not in f and "FloatingPointError" not in f]
    assert not wrong, "\n".join(wrong)


@each_estimator
@pytest.mark.parametrize(
    "kind", [(np.int64, np.float64), (np.int32, np.float32), (np.uint8, np.float16)]
)
def test_numbers_of_numpy_are_as_good_as_pythons(name, kind):
    params, y = tiny(name).get_params(deep=False), target(tiny(name), 12)
    whole = {k: kind[0](v) for k, v in params.items() if type(v) is int}
    real = {k: kind[1](v) for k, v in params.items() if type(v) is float and float(kind[1](v)) == v}
    told = answers(tiny(name, **whole, **real).fit(X_PLAIN, y), X_PLAIN)
    wanted = answers(tiny(name).fit(X_PLAIN, y), X_PLAIN)
    for method, rows in told.items():
        np.testing.assert_array_equal(rows, wanted[method])


@cache
def fitted(name):
    return tiny(name).fit(X_PLAIN, target(tiny(name), 12))


@each_parameter(leave_out=["estimator"])  # fit keeps its own
def test_bad_values_after_fit_are_refused_by_name_or_do_not_matter(name, parameter):
    model, wrong = fitted(name), []
    before, wanted = getattr(model, parameter), answers(model, X_PLAIN)
    for value in [*bad_values(model, parameter), -100_000]:
        model.set_params(**{parameter: value})
        found = complaint(lambda: tells(model, wanted), parameter)
        wrong += [] if found in (None, "is accepted") else [f"{parameter}={value!r} {found}"]
    model.set_params(**{parameter: before})
    assert not wrong, "\n".join(wrong)


def tells(model, wanted):
    """Hold what a model says, of the methods that it still has, to what it said before."""
    for method, rows in answers(model, X_PLAIN).items():
        np.testing.assert_array_equal(rows, wanted[method])


# --- Damaged model files

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.text(max_size=3),
    st.sampled_from([[], {}, [[]], [0] * 9, {"__id__": 1}, "sklearn.svm", "os", "system", "<f8"]),
)


@pytest.fixture(scope="module")
def model_files(tmp_path_factory):
    """Files of all public estimators, fitted: in each run the same, and so are their damages."""
    pytest.importorskip("skops")
    paths = {name: tmp_path_factory.mktemp(name) / "model.skops" for name in NAMES}
    for name, path in paths.items():
        save_model(fitted(name), path)
        path.write_bytes(without_addresses(path.read_bytes()))
        assert answers(load_model(path), X_PLAIN).keys() == answers(fitted(name), X_PLAIN).keys()
    return lambda name: paths[name].read_bytes()


def members_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()], archive.comment


def without_addresses(content):
    """Number the objects of a model file, which are named by where they lay in memory."""
    members, comment = members_of(content)
    numbers = {}

    def number(found):
        return found[1] + str(numbers.setdefault(found[2], 10**6 + len(numbers)))

    schema = dict(members)["schema.json"].decode()
    schema = re.sub(r'("__id__": |"file": ")(\d+)', number, schema)
    renamed = {f"{address}.npy": f"{number}.npy" for address, number in numbers.items()}
    members = [(renamed.get(name, name), member) for name, member in members]
    return signed([(n, schema if n == "schema.json" else m) for n, m in members], comment)


@st.composite
def damaged(draw, content):
    """Cut bytes, or put others in their place."""
    start = draw(st.integers(0, len(content) - 1))
    length = draw(st.integers(0, len(content) - start) | st.just(1))
    other = draw(st.binary(max_size=9).filter(lambda b: b != content[start : start + length]))
    return content[:start] + other + content[start + length :]


@each_estimator
@given(data=st.data())
def test_damaged_model_files_are_refused(name, data, model_files, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "damaged.skops"
    path.write_bytes(data.draw(damaged(model_files(name))))
    with pytest.raises(ValueError, match=r"damaged\.skops"):
        load_model(path)


def places(value):
    """Yield every container and key of a JSON document."""
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(item, dict | list):
            yield from places(item)


@st.composite
def forged_schemas(draw, schema):
    document = json.loads(schema)
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from([(document, "new"), *places(document)]))
        if draw(st.booleans()):
            container[key] = draw(JUNK)
        elif key in container or isinstance(container, list):
            del container[key]
    return json.dumps(document)


@st.composite
def forged_arrays(draw, member):
    array = np.load(io.BytesIO(member))
    other = draw(
        st.sampled_from(
            [
                *(array[None], array.ravel(), array.ravel()[1:], array.ravel()[:0]),
                *(array.astype(kind) for kind in (np.float16, bool, complex, "U3")),
                *(np.full_like(array, value) for value in (0, 1, -1, 127)),
            ]
        )
    )
    buffer = io.BytesIO()
    np.save(buffer, other)
    return buffer.getvalue()


@st.composite
def forged(draw, content):
    """Change members of a model file, and put the right checksum under it."""
    members, comment = members_of(content)
    at = draw(st.integers(0, len(members) - 1))
    name, member = members[at]
    forge = forged_schemas if name.endswith(".json") else forged_arrays
    changes = [[], [(name, member)] * 2, [("other", member)], [(name, draw(damaged(member)))]]
    changes += [[(name, draw(forge(member)))]] * len(changes)
    members[at : at + 1] = draw(st.sampled_from(changes))
    return signed(members, comment)


def signed(members, comment):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, member in members:
            archive.writestr(zipfile.ZipInfo(name), member)
        archive.comment = comment
    content = buffer.getvalue()[:-64]
    return content + hashlib.sha256(content).hexdigest().encode()


@each_estimator
@given(data=st.data())
@many(3)
def test_forged_model_files_are_refused_or_answer(name, data, model_files, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "forged.skops"
    path.write_bytes(data.draw(forged(model_files(name))))
    tracemalloc.start()
    try:
        with ends():
            read_facts(path)
            answers(load_model(path), X_PLAIN)
    except ValueError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2e8, f"{len(path.read_bytes())} bytes took {peak / 1e6:.0f} MB"


# --- Damaged results folders


def compare(out):
    X = np.random.default_rng(0).standard_normal((24, 3))
    models = {"a": LogisticRegression(), "b": LogisticRegression(C=0.1)}
    sites = np.repeat(["east", "west"], 12)
    return compare_models(
        models, X, np.arange(24) % 2, sites=sites, n_folds=3, out=out, random_state=0
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return a results folder and what is in it, the times too the same in each run."""
    folder = tmp_path_factory.mktemp("results")
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    with pytest.MonkeyPatch.context() as patch:
        clock = {name: lambda: 0.0 for name in ("time", "perf_counter", "monotonic")}
        patch.setattr(_fold_runs, "time", SimpleNamespace(**clock))
        patch.setattr(_fold_runs, "datetime", SimpleNamespace(now=lambda zone: noon))
        return folder, compare(folder)


BROKEN = [b"", b"null", b"[]", b"[1, 2]", b'"text"', b"{", b"PK", b"\xff\xfe\x00" * 9, b"a,b\n1\n"]


def arrays_in(content):
    with np.load(io.BytesIO(content)) as file:
        return {name: (file[name].dtype, file[name].tobytes()) for name in file.files}


def is_readable(content, path, before):
    """Tell whether damage leaves what needs no complaint: a table, a JSON object, or all arrays.

    An archive also holds what nobody reads, such as when each array was written.
    """
    if path.suffix == ".csv":
        return True
    try:
        if path.suffix == ".npz":
            return arrays_in(content) == arrays_in(before)
        return isinstance(json.loads(content), dict)
    except Exception:  # whatever damage does to zip, npy and JSON
        return False


@given(data=st.data())
@many(5)
def test_a_damaged_results_folder_is_mended_or_refused_by_name(data, results, tmp_path_factory):
    whole, wanted = results
    out = tmp_path_factory.mktemp("damaged")
    shutil.copytree(whole, out, dirs_exist_ok=True)
    files = sorted(path for path in out.rglob("*") if path.suffix in (".npz", ".json", ".csv"))
    path = data.draw(st.sampled_from(files))
    before = path.read_bytes()
    content = data.draw(st.sampled_from(BROKEN) | damaged(before))
    path.write_bytes(content)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            read = load_comparison(out).predictions if data.draw(st.booleans()) else None
            told = compare(out)
        except ValueError as error:
            assert path.name in str(error)
            return
    assert read is None or set(read["model"]) <= {"a", "b"}
    assert told.predictions.equals(wanted.predictions)
    if not is_readable(content, path, before):
        assert any(path.name in str(warning.message) for warning in caught)


@pytest.mark.parametrize("name", ["models", "sites"])
def test_settings_of_a_results_folder_may_hold_null(name, results, tmp_path):
    whole, wanted = results
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: None}))
    assert len(load_comparison(tmp_path).folds) == len(wanted.folds)
    assert compare(tmp_path).predictions.equals(wanted.predictions)
