import hashlib
import json
import os
import pickle
import sys
import warnings

import joblib
import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.cluster import KMeans
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import EpochTimer

from sklearn_lstmdg import (
    FCSVM,
    CommunityExtractor,
    ConnectivityFeatures,
    LSTMDGClassifier,
    MeanMLPClassifier,
    ParafacCommunities,
    ROIHMMClassifier,
    ScanCleaner,
    SubsequenceAugmenter,
    TransferAutoencoderClassifier,
)
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.persistence import load_model, save_model

safetensors = pytest.importorskip("safetensors.numpy")

TINY = {"n_communities": 3, "n_units": 2, "max_epochs": 2, "random_state": 0}


def net(**parameters):
    return LSTMDGClassifier(**(TINY | parameters))


ESTIMATORS = [
    *[net(variant=variant) for variant in ("dg", "h", "d", "s")],
    net(n_nets=3, weight_decay=0.1, windows_per_epoch=0.5, pretrain_epochs=1),
    net(dropout=(0.1, 0.2, 0.3), class_weight={0: 1.0, 1: 2.0}, aggregation="mean"),
    FCSVM(Cs=(0.01, 0.1), random_state=0),
    FCSVM(Cs=np.array([0.1]), class_weight="balanced"),
    ROIHMMClassifier(n_states=range(1, 3), random_state=0),
    ROIHMMClassifier(n_states=(2,), per_class=True, random_state=0),
    MeanMLPClassifier([5, 4], max_epochs=3, random_state=0),
    TransferAutoencoderClassifier((5, 3), max_epochs=3, pretrain_epochs=3, random_state=0),
    ParafacCommunities(3, max_iter=20, n_init=1, random_state=0),
    CommunityExtractor(net()),
    CommunityExtractor(net(), clusterer=KMeans(2, n_init=2, random_state=0)),
    ConnectivityFeatures("fisher"),
    ScanCleaner(band_pass=(0.05, 0.2)),
    SubsequenceAugmenter(10, 3),
    make_pipeline(ScanCleaner(), SubsequenceAugmenter(10, 5), net()),
    make_pipeline("passthrough", None, FCSVM(Cs=[0.1], random_state=0)),
    make_model("fc-logistic"),
    make_model("fc-ridge"),
]
METHODS = ("predict", "predict_proba", "decision_function", "transform")
READERS = ("generate", "community_activity")
LEARNT = ("membership_", "influence_", "communities_", "patterns_", "coef_", "classes_")


def same(told, wanted):
    """Tell whether values are the same to the bit, arrays in dicts and lists too."""
    if isinstance(wanted, dict):
        return told.keys() == wanted.keys() and all(same(told[k], wanted[k]) for k in wanted)
    if isinstance(wanted, (list, tuple)):
        pairs = zip(told, wanted, strict=True)
        return type(told) is type(wanted) and all(same(a, b) for a, b in pairs)
    told, wanted = np.asarray(told), np.asarray(wanted)
    is_real = wanted.dtype.kind in "fc"
    return told.dtype == wanted.dtype and np.array_equal(told, wanted, equal_nan=is_real)


def outputs(estimator, X):
    found = {}
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    for name in METHODS:
        if hasattr(estimator, name):
            found[name] = np.asarray(getattr(estimator, name)(X))
    for name in READERS:
        if last is estimator and hasattr(last, name) and last.variant in ("dg", "h"):
            found[name] = getattr(last, name)(X)
    for name in LEARNT:
        if hasattr(last, name):
            found[name] = getattr(last, name)
    return found


def label(estimator):
    return f"{type(estimator).__name__}-{getattr(estimator, 'variant', '')}"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(scans, path):
    """A small fitted net and its file."""
    model = net().fit(*scans)
    save_model(model, path)
    return model, path


def contents(path):
    """Return the JSON and the arrays of a model file."""
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    arrays = {name: array.tobytes() for name, array in safetensors.load(content).items()}
    return json.loads(header["__metadata__"]["model"]), arrays


def rewrite(path, change, arrays=None):
    """Change the JSON of a model file, and give it the right checksum again."""
    content = path.read_bytes()
    n_bytes = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + n_bytes])["__metadata__"]
    document = json.loads(metadata["model"])
    replaced = change(document)
    document = document if replaced is None else replaced
    metadata["model"] = document if isinstance(document, str) else json.dumps(document)
    metadata["sha256"] = "0" * 64
    tensors = safetensors.load(content) if arrays is None else arrays(safetensors.load(content))
    content = safetensors.save(tensors, metadata)
    checksum = hashlib.sha256(content).hexdigest()
    path.write_bytes(content.replace(b'"sha256":"' + b"0" * 64, f'"sha256":"{checksum}'.encode()))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=label)
def test_loads_to_the_bit(estimator, scans, path):
    X, y = scans
    estimator.fit(X, y)
    save_model(estimator, path)
    loaded = load_model(path)
    assert type(loaded) is type(estimator)
    told, wanted = outputs(loaded, X), outputs(estimator, X)
    assert wanted
    assert same(told, wanted)
    if not hasattr(estimator, "steps"):
        told, wanted = (e.get_params(deep=False) for e in (loaded, estimator))
        plain = [k for k, v in wanted.items() if not hasattr(v, "get_params")]
        assert same({k: told[k] for k in plain}, {k: wanted[k] for k in plain})


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=label)
def test_pickle_and_joblib_keep_working(estimator, scans, tmp_path):
    X, y = scans
    estimator.fit(X, y)
    joblib.dump(estimator, tmp_path / "model.joblib")
    wanted = outputs(estimator, X)
    assert same(outputs(pickle.loads(pickle.dumps(estimator)), X), wanted)
    assert same(outputs(joblib.load(tmp_path / "model.joblib"), X), wanted)


def test_tangent_space_loads_to_the_bit(scans, path):
    pytest.importorskip("nilearn")
    model = make_model("tangent-logistic").fit(*scans)
    save_model(model, path)
    assert same(outputs(load_model(path), scans[0]), outputs(model, scans[0]))


@pytest.mark.parametrize(
    "names",
    [
        np.array([3, -1]),
        np.array(["patient", "control"]),
        np.array([True, False]),
        np.array([1.0, -2.0]),
        np.array(["ä\ud800", "a b"], dtype=object),
        np.array([1, 2, 3], dtype=np.uint8),
        np.array(["x", "yy", "zzz"]),
    ],
    ids=lambda names: f"{names.dtype}-{len(names)}",
)
def test_classes_of_any_dtype(names, scans, path):
    X, y = scans
    labels = names[np.arange(len(y)) % len(names)]
    model = net().fit(X, labels)
    save_model(model, path)
    loaded = load_model(path)
    assert same(loaded.classes_, model.classes_)
    assert same(loaded.predict(X), model.predict(X))
    assert same(loaded.history_, model.history_)


def test_bags_and_ragged_scans_are_read_as_before(scans, path):
    X, y = scans
    bags = SubsequenceAugmenter(10, 5).fit_transform(X)
    model = net().fit(bags, y)
    save_model(model, path)
    for rows in (bags, [X[0], X[1][:20]]):
        assert same(load_model(path).predict_proba(rows), model.predict_proba(rows))


@pytest.mark.parametrize("n_nets", [1, 2])
@pytest.mark.parametrize("go_on", ["partial_fit", "fit"])
def test_training_goes_on_where_it_was(go_on, n_nets, scans, path):
    model = net(warm_start=True, n_nets=n_nets, weight_decay=0.1).fit(*scans)
    save_model(model, path)
    loaded = load_model(path)
    for estimator in (model, loaded):
        getattr(estimator, go_on)(*scans)
    assert loaded.n_iter_ == model.n_iter_ > 2
    assert same(loaded.history_, model.history_)
    assert same(loaded.predict_proba(scans[0]), model.predict_proba(scans[0]))


def test_requested_metadata_are_kept(scans, path):
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        model = make_pipeline(ConnectivityFeatures(), scaler, LogisticRegression()).fit(*scans)
        save_model(model, path)
        loaded = load_model(path)
        wanted = model.get_metadata_routing()
        assert str(loaded.get_metadata_routing()) == str(wanted)
    assert same(outputs(loaded, scans[0]), outputs(model, scans[0]))


def test_nothing_in_a_file_is_cloned_in_circles(saved):
    """Values that stand for two others each would make 2^n of them."""
    path = saved[1]

    def nest(document):
        items = [{"type": "tuple", "items": [], "number": 100}]
        for k in range(101, 160):
            halves = [{"type": "same", "number": k - 1}] * 2
            items.append({"type": "tuple", "items": halves, "number": k})
        document["estimator"]["params"]["dropout"] = {"type": "tuple", "items": items}

    rewrite(path, nest)
    with pytest.raises(ValueError, match="No model"):
        load_model(path)


def test_the_trained_architecture_counts(scans, path):
    model = net(warm_start=True).fit(*scans).set_params(n_communities=4)
    save_model(model, path)
    loaded = load_model(path)
    assert loaded.membership_.shape == (6, 3)
    with pytest.raises(ValueError, match="n_communities was 3"):
        loaded.fit(*scans)


def test_each_of_several_nets_is_checked(scans, path):
    save_model(net(n_nets=2).fit(*scans), path)
    name = "_other_nets.0.weights.shared_dense.weight"
    rewrite(path, lambda document: None, lambda arrays: arrays | {name: arrays[name][:, 1:]})
    with pytest.raises(ValueError, match="must be float32 of shape"):
        load_model(path)


def test_extractors_keep_what_they_wrap(scans, path):
    model = net().fit(*scans)
    for extractor in (
        CommunityExtractor(model, prefit=True).fit(*scans),
        CommunityExtractor(FrozenEstimator(model)).fit(*scans),
    ):
        save_model(extractor, path)
        loaded = load_model(path)
        assert loaded.estimator_ is loaded.estimator
        assert same(loaded.influence_, extractor.influence_)
        assert same(loaded.transform(scans[0]), extractor.transform(scans[0]))


def test_saved_twice_and_loaded_twice_is_the_same_file(saved, tmp_path):
    path = saved[1]
    again = tmp_path / "again.safetensors"
    save_model(load_model(path), again)
    assert contents(again) == contents(path)


def test_generators_of_the_caller_are_left_alone(saved):
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    wanted = torch.rand(3), np.random.random(3)  # noqa: NPY002
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    load_model(saved[1])
    told = torch.rand(3), np.random.random(3)  # noqa: NPY002
    assert same([*map(np.asarray, told)], [*map(np.asarray, wanted)])


def test_other_tools_read_the_weights_by_name(saved):
    model, path = saved
    tensors = safetensors.load(path.read_bytes())
    weights = tensors["net_.weights.generative_dense.weight"]
    np.testing.assert_array_equal(weights, model.membership_)


def test_memory_order_and_odd_numbers_survive(scans, path):
    svm = FCSVM(Cs=[0.1]).fit(*scans)
    svm.fortran_ = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    svm.swapped_ = np.arange(3, dtype=">i4")
    svm.odd_ = [np.nan, np.inf, -np.inf, -0.0, np.float32(0.1), (1, None), {2: "b", (1, "a"): []}]
    save_model(svm, path)
    loaded = load_model(path)
    assert loaded.fortran_.flags.f_contiguous
    assert loaded.fortran_.flags.writeable
    np.testing.assert_array_equal(loaded.swapped_, svm.swapped_)
    assert str(loaded.odd_) == str(svm.odd_)
    assert same(loaded.fortran_, svm.fortran_)


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (net(monitor=lambda y, proba: 0.0), "monitor"),
        (net(callbacks=[EpochTimer()]), "callbacks"),
        (net(random_state=np.random.RandomState(0)), "random_state"),
        (FCSVM(Cs=[0.1], cv=StratifiedKFold(2)), "cv"),
        (ROIHMMClassifier([1], cv=StratifiedKFold(2), random_state=0), "cv"),
        (make_pipeline(ScanCleaner(), FCSVM(Cs=[0.1], cv=StratifiedKFold(2))), "cv"),
        (make_pipeline(ConnectivityFeatures(), LogisticRegression(), memory="cache"), "memory"),
        (make_pipeline(ConnectivityFeatures(), GaussianNB()), "GaussianNB"),
    ],
)
@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_what_cannot_be_saved_is_named(estimator, name, scans, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    estimator.fit(*scans)
    with pytest.raises(ValueError, match=f"{name}.* be saved|be saved.* not .*{name}"):
        save_model(estimator, path)
    assert not path.exists()


class Derived(FCSVM):
    """A class of someone else."""


def test_classes_of_others_are_refused(scans, path):
    with pytest.raises(ValueError, match="Derived cannot be saved"):
        save_model(Derived(Cs=[0.1]).fit(*scans), path)


def test_unfitted_estimators_are_refused(path):
    with pytest.raises(NotFittedError):
        save_model(net(), path)


def test_a_failed_write_leaves_what_was_there(saved, monkeypatch):
    model, path = saved
    before = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(OSError, match="disk full"):
                save_model(model, path)
        assert path.read_bytes() == before
        assert os.listdir(path.parent) == [path.name]


def test_pickles_are_not_loaded(tmp_path, path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    for dump in (lambda: path.write_bytes(pickle.dumps(Bomb())), lambda: joblib.dump(Bomb(), path)):
        dump()
        with pytest.raises(ValueError, match="no model file"):
            load_model(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4,
        b"\0" * 8,
        b"\xff" * 64,
        (2**62).to_bytes(8, "little") + b"{}",
        (200_000).to_bytes(8, "little") + b"[" * 200_000,
        (13).to_bytes(8, "little") + b'{"a":1,"a":2}',
        (2).to_bytes(8, "little") + b"[]",
        (22).to_bytes(8, "little") + b'{"__metadata__": null}',
    ],
)
def test_foreign_files_are_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        load_model(path)


def test_safetensors_of_others_are_refused(path):
    path.write_bytes(safetensors.save({"a": np.zeros(3)}, {"format": "pt"}))
    with pytest.raises(ValueError, match="holds no model of sklearn_lstmdg"):
        load_model(path)


def test_a_missing_file_is_no_value_error(path):
    with pytest.raises(FileNotFoundError):
        load_model(path)


def test_a_missing_package_is_named(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for call in (lambda: load_model(saved[1]), lambda: save_model(saved[0], saved[1])):
        with pytest.raises(ImportError, match=r"sklearn-lstmdg\[files\]"):
            call()


def test_newer_formats_say_to_update(saved):
    path = saved[1]
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"format_version":"1"', b'"format_version":"2"'))
    with pytest.raises(ValueError, match="update sklearn_lstmdg"):
        load_model(path)


def test_cut_files_are_refused(saved):
    path = saved[1]
    content = path.read_bytes()
    for n_bytes in np.linspace(0, len(content) - 1, 200).astype(int):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            load_model(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(ValueError, match="damaged"):
        load_model(path)


def test_any_changed_byte_is_found(saved):
    path = saved[1]
    content = path.read_bytes()
    rng = np.random.default_rng(0)
    places = [*range(0, 200), *rng.integers(0, len(content), 300)]
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            load_model(path)


def set_class(name):
    return lambda document: document["estimator"].update({"class": name})


HOSTILE = {
    "a class of the system": (set_class("os.system"), "unknown class 'os.system'"),
    "a function": (set_class("system"), "unknown class"),
    "a class of no text": (set_class(["FCSVM"]), "No model"),
    "another class of ours": (set_class("FCSVM"), "has no parameter"),
    "an unknown parameter": (
        lambda d: d["estimator"]["params"].update(evil=1),
        "has no parameter 'evil'",
    ),
    "a wrong parameter": (lambda d: d["estimator"]["params"].update(lr=-1), "'lr' parameter"),
    "a method": (lambda d: d["estimator"]["state"].update(predict=1), "attribute 'predict'"),
    "a special attribute": (lambda d: d["estimator"]["state"].update(__class__=1), "__class__"),
    "a property": (lambda d: d["estimator"]["state"].update(membership_=1), "membership_"),
    "an unknown type": (
        lambda d: d["estimator"]["state"].update(a_={"type": "code"}),
        "unknown type 'code'",
    ),
    "another number of ROIs": (
        lambda d: d["estimator"]["state"].update(n_features_in_=7),
        "must be float32 of shape",
    ),
    "very many ROIs": (
        lambda d: d["estimator"]["state"].update(n_features_in_=10**9),
        "must be float32 of shape",
    ),
    "impossibly many ROIs": (
        lambda d: d["estimator"]["state"].update(n_features_in_=10**18),
        "No model",
    ),
    "no ROIs": (lambda d: d["estimator"]["state"].update(n_features_in_="6"), "n_features_in_"),
    "one class": (
        lambda d: d["estimator"]["state"].update(classes_=[1]),
        "classes_",
    ),
    "three classes": (
        lambda d: d["estimator"]["state"].update(
            classes_={"type": "labels", "object": True, "shape": [3], "items": [0, 1, 2]}
        ),
        "must be float32 of shape",
    ),
    "no estimator": (lambda d: d.pop("estimator") and None, "No model"),
    "a list": (lambda d: "[]", "No model"),
    "no JSON": (lambda d: "{", "damaged"),
    "deep JSON": (lambda d: "[" * 100_000, "damaged"),
    "deep values": (
        lambda d: json.dumps(d).replace('"n_iter_": 2', '"n_iter_": ' + "[" * 900 + "]" * 900),
        "No model|damaged",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_with_a_right_checksum(name, saved):
    change, message = HOSTILE[name]
    rewrite(saved[1], change)
    with pytest.raises(ValueError, match=message):
        load_model(saved[1])


def test_pipelines_may_not_choose_a_cache(scans, path):
    save_model(make_pipeline(ScanCleaner(), FCSVM(Cs=[0.1])).fit(*scans), path)
    rewrite(path, lambda document: document["estimator"]["params"].update(memory="elsewhere"))
    with pytest.raises(ValueError, match="memory"):
        load_model(path)


def test_arrays_that_do_not_fit_are_refused(saved):
    path = saved[1]
    content = path.read_bytes()
    for change in (lambda a: a[:-1], lambda a: a[None], lambda a: a.astype(np.float64)):
        for name in ("net_.weights.community_lstm.weight_hh_l0", "net_.optimizer.0.exp_avg"):
            path.write_bytes(content)
            rewrite(
                path,
                lambda document: None,
                lambda arrays, name=name, change=change: arrays | {name: change(arrays[name])},
            )
            with pytest.raises(ValueError, match="must be float32 of shape"):
                load_model(path)


@pytest.mark.parametrize(
    ("estimator", "name", "message"),
    [
        (FCSVM(Cs=[0.1]), "coef_", "coef_"),
        (MeanMLPClassifier([5], max_epochs=1), "module_.weights.hidden.0.weight", "shape"),
        (
            TransferAutoencoderClassifier((5, 3), max_epochs=1, pretrain_epochs=1),
            "module_.weights.layers.1.weight",
            "do not fit",
        ),
        (ROIHMMClassifier([2], random_state=0), "_models.0.1.means", "hidden Markov"),
        (CommunityExtractor(net()), "membership_", "membership_"),
    ],
)
def test_arrays_of_other_estimators_that_do_not_fit(estimator, name, message, scans, path):
    save_model(estimator.fit(*scans), path)
    rewrite(
        path,
        lambda document: None,
        lambda arrays: (
            arrays | {name: arrays[name][..., :-1, :-1]}
            if arrays[name].ndim > 1 and name != "_models.0.1.means"
            else arrays | {name: arrays[name][..., :-1]}
        ),
    )
    with pytest.raises(ValueError, match=message):
        load_model(path)


def places_of(value, found):
    """Collect every container and key of a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        found.append((value, key))
        if isinstance(item, (dict, list)):
            places_of(item, found)
    return found


JUNK = [None, True, -1, 10**12, 1e308, "", "x", [], [[]], {}, {"type": "same", "number": 0}]


@pytest.mark.parametrize(
    "estimator",
    [
        net(),
        FCSVM(Cs=(0.01, 0.1)),
        make_pipeline(ScanCleaner(), CommunityExtractor(ParafacCommunities(2, max_iter=3))),
    ],
    ids=label,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_mutated_documents_load_or_are_refused(estimator, scans, path):
    save_model(estimator.fit(*scans), path)
    content = path.read_bytes()
    rng = np.random.default_rng(0)

    def mutate(document):
        found = places_of(document["estimator"], [])
        parent, key = found[rng.integers(len(found))]
        if isinstance(parent, dict) and rng.random() < 0.2:
            del parent[key]
        else:
            parent[key] = JUNK[rng.integers(len(JUNK))]

    refused = 0
    for _ in range(100):
        path.write_bytes(content)
        rewrite(path, mutate)
        try:
            load_model(path)
        except ValueError as error:
            assert path.name in str(error)
            refused += 1
    assert refused > 30


def test_another_version_of_scikit_learn_warns(scans, path):
    save_model(make_model("fc-logistic").fit(*scans), path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(path)
    rewrite(path, lambda document: document["versions"].update({"scikit-learn": "1.5.0"}))
    with pytest.warns(InconsistentVersionWarning, match="LogisticRegression"):
        load_model(path)
    model = FCSVM(Cs=[0.1]).fit(*scans)
    save_model(model, path)
    rewrite(path, lambda document: document["versions"].update({"scikit-learn": "1.5.0"}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(path)


def test_nets_of_an_absent_device_can_be_loaded_on_another(saved):
    model, path = saved
    if torch.cuda.is_available():
        pytest.skip("a GPU is there")
    save_model(model.set_params(device="cuda"), path)
    with pytest.raises(ValueError, match="No model"):
        load_model(path)
    assert load_model(path, device="cpu").device == "cpu"
