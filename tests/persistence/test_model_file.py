import io
import json
import os
import pickle
import sys
import warnings
import zipfile

import joblib
import numpy as np
import pytest
import sklearn
import torch
from scipy.sparse import csr_matrix, save_npz
from sklearn.cluster import KMeans
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import EpochTimer

from sklearn_lstmdg import (
    FCSVM,
    CommunityExtractor,
    ConnectivityFeatures,
    LSTMDGRegressor,
    MeanMLPClassifier,
    ParafacCommunities,
    ROIHMMClassifier,
    ScanCleaner,
    SubsequenceAugmenter,
    TransferAutoencoderClassifier,
)
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.persistence import load_model, save_model
from sklearn_lstmdg.persistence._trusted_types import TRUSTED_TYPES

from _model_files import (
    NET,
    TINY,
    find,
    gets,
    label,
    net,
    outputs,
    put,
    rewrite,
    same,
    sign,
    with_array,
)

skops = pytest.importorskip("skops.io")


ESTIMATORS = [
    *[net(variant=variant) for variant in ("dg", "h", "d", "s")],
    net(n_nets=3, weight_decay=0.1, windows_per_epoch=0.5, pretrain_epochs=1),
    net(dropout=(0.1, 0.2, 0.3), class_weight={0: 1.0, 1: 2.0}, aggregation="mean"),
    *[LSTMDGRegressor(variant=variant, **TINY) for variant in ("dg", "s")],
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
    make_model("fc-ridge-regress"),
    make_model("fc-svr"),
    make_model("mean"),
]


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


def test_the_trained_architecture_counts(scans, path):
    model = net(warm_start=True).fit(*scans).set_params(n_communities=4)
    save_model(model, path)
    loaded = load_model(path)
    assert loaded.membership_.shape == (6, 3)
    with pytest.raises(ValueError, match="n_communities was 3"):
        loaded.fit(*scans)


def test_each_of_several_nets_is_checked(scans, path):
    save_model(net(n_nets=2).fit(*scans), path)
    name = (*NET, "1", "weights", "shared_dense.weight")
    rewrite(path, lambda document: None, with_array(name, lambda array: array[:, 1:]))
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


def test_generators_of_the_caller_are_left_alone(saved):
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    wanted = torch.rand(3), np.random.random(3)  # noqa: NPY002
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    load_model(saved[1])
    told = torch.rand(3), np.random.random(3)  # noqa: NPY002
    assert same([*map(np.asarray, told)], [*map(np.asarray, wanted)])


def test_skops_itself_reads_the_file(saved):
    model, path = saved
    found = skops.get_untrusted_types(file=path)
    assert set(found) <= set(TRUSTED_TYPES)
    loaded = skops.load(path, trusted=found)["estimator"]
    np.testing.assert_array_equal(loaded.membership_, model.membership_)


def test_memory_order_and_odd_numbers_survive(scans, path):
    model = make_pipeline(ConnectivityFeatures(), LogisticRegression()).fit(*scans)
    svm = model[-1]  # what scikit-learn's have depends on its version, and is not known
    svm.fortran_ = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    svm.swapped_ = np.arange(3, dtype=">i4")
    svm.odd_ = [np.nan, np.inf, -np.inf, -0.0, np.float32(0.1), (1, None), {2: "b", "a": []}]
    save_model(model, path)
    loaded = load_model(path)[-1]
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
        (make_pipeline(ScanCleaner(), net(callbacks=[EpochTimer()])), "'callbacks' of LSTMDG"),
        (net(random_state=np.random.RandomState(0)), "'random_state' of LSTMDG"),
        (make_pipeline(ConnectivityFeatures(), FunctionTransformer(np.abs)), "'func' of"),
        (make_pipeline(ConnectivityFeatures(), LogisticRegression(), memory="cache"), "memory"),
        (make_pipeline(ConnectivityFeatures(), FunctionTransformer(lambda X: X)), "'func' of"),
    ],
)
@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
def test_what_cannot_be_saved_is_named(estimator, name, scans, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    estimator.fit(*scans)
    with pytest.raises(ValueError, match=f"{name}.*cannot be saved"):
        save_model(estimator, path)
    assert not path.exists()


@pytest.mark.parametrize("name", ["note_", "_note", "note"])
def test_what_users_hang_on_a_model_belongs_into_its_facts(name, scans, path):
    svm = FCSVM(Cs=[0.1]).fit(*scans)
    setattr(svm, name, "of the pilot study")
    for model in (svm, make_pipeline(ScanCleaner(), svm)):
        if model is not svm:
            model.fit(*scans)
            setattr(model[-1], name, "of the pilot study")
        with pytest.raises(ValueError, match=f"FCSVM cannot learn an attribute '{name}'. .*facts"):
            save_model(model, path)
    assert not path.exists()


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
    with pytest.raises(ValueError, match=r"model\.skops"):
        load_model(path)


def test_skops_files_of_others_are_refused(path):
    skops.dump(LogisticRegression(), path)
    with pytest.raises(ValueError, match="no model file of sklearn_lstmdg"):
        load_model(path)


def test_a_missing_file_is_no_value_error(path):
    with pytest.raises(FileNotFoundError):
        load_model(path)


def test_a_missing_package_is_named(saved, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    for call in (lambda: load_model(saved[1]), lambda: save_model(saved[0], saved[1])):
        with pytest.raises(ImportError, match=r"sklearn-lstmdg\[files\]"):
            call()


def test_cut_files_are_refused(saved):
    path = saved[1]
    content = path.read_bytes()
    for n_bytes in np.linspace(0, len(content) - 1, 200).astype(int):
        path.write_bytes(content[:n_bytes])
        with pytest.raises(ValueError, match=r"model\.skops"):
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
        with pytest.raises(ValueError, match=r"model\.skops"):
            load_model(path)


def becomes(*names, **changes):
    return lambda document: find(document, *names).update(changes)


def function(module, name):
    node = {"__class__": name, "__module__": module, "__loader__": "FunctionNode"}
    return lambda document: put(find(document)["content"], "a_", node)


HOSTILE = {
    "a function of the system": (function("os", "system"), "os.system"),
    "evaluation": (function("builtins", "eval"), "builtins.eval"),
    "a class of the system": (becomes(__class__="Popen", __module__="subprocess"), "Popen"),
    "a class of no text": (becomes(__class__=["FCSVM"]), "No model"),
    "another class of ours": (
        becomes(__class__="FCSVM", __module__="sklearn_lstmdg.baselines._fcsvm"),
        "No model",
    ),
    "an unknown loader": (becomes(__loader__="CodeNode"), "No model"),
    "an unknown parameter": (gets("evil", 1), "attribute 'evil'"),
    "an unknown attribute": (gets("evil_", 1), "attribute 'evil_'"),
    "another estimator's attribute": (gets("coef_", 1), "attribute 'coef_'"),
    "an unknown private attribute": (gets("_evil", 1), "attribute '_evil'"),
    "a wrong parameter": (gets("lr", -1), "'lr' parameter"),
    "a device without memory": (gets("device", "meta"), "device"),
    "a method": (gets("predict", 1), "attribute 'predict'"),
    "a special attribute": (gets("__class__", 1), "__class__"),
    "a property": (gets("membership_", 1), "membership_"),
    "another number of ROIs": (gets("n_features_in_", 7), "the network of LSTMDGClassifier"),
    "very many ROIs": (gets("n_features_in_", 10**9), "n_features_in_"),
    "no ROIs": (gets("n_features_in_", "6"), "n_features_in_"),
    "a fraction of ROIs": (gets("n_features_in_", 6.0), "n_features_in_"),
    "no classes": (gets("classes_", [1, 2]), "classes_"),
    "no estimator": (lambda d: d["content"].pop("estimator") and None, "No model"),
    "a list": (lambda d: "[]", "No model"),
    "no JSON": (lambda d: "{", "No model"),
    "deep JSON": (lambda d: "[" * 100_000, "No model"),
    "a key twice": (lambda d: json.dumps(d)[:-1] + ', "content": {}}', "twice"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_with_a_right_checksum(name, saved):
    change, message = HOSTILE[name]
    rewrite(saved[1], change)
    with pytest.raises(ValueError, match=message):
        load_model(saved[1])


@pytest.mark.parametrize("identity", [int, lambda k: 0, lambda k: None, lambda k: ""])
def test_one_array_stands_for_one_object(identity, scans, path):
    """A file of megabytes that referenced an array 9,000 times took gigabytes."""
    save_model(FCSVM(Cs=[0.1]).fit(*scans), path)

    def refer(document):
        node = find(document, "coef_")
        content = [node | {"__id__": identity(k)} for k in range(9_000)]
        many = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
        put(find(document)["content"], "a_", many | {"content": content})

    rewrite(path, refer)
    with pytest.raises(ValueError, match="stands for several objects"):
        load_model(path)


def test_nothing_in_a_file_is_made_in_circles(saved):
    """Lists that hold the one before them twice would make 2^n of it."""

    def nest(document):
        kind = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
        lists = [kind | {"content": [], "__id__": 1}]
        for k in range(2, 40):
            again = kind | {"content": [], "__id__": k - 1}
            lists.append(kind | {"content": [again, again], "__id__": k})
        put(find(document)["content"], "a_", kind | {"content": lists, "__id__": 99})

    rewrite(saved[1], nest)
    with pytest.raises(ValueError, match="told twice"):
        load_model(saved[1])


def test_compressed_arrays_are_not_unpacked(saved):
    buffer = io.BytesIO()
    save_npz(buffer, csr_matrix((1, 1_000_000)))
    node = {"__class__": "spmatrix", "__module__": "scipy.sparse._matrix"}
    node |= {"__loader__": "SparseMatrixNode", "type": "scipy", "file": "a.npz", "__id__": 1}
    rewrite(
        saved[1],
        lambda document: put(find(document)["content"], "a_", node),
        lambda members, document: members | {"a.npz": buffer.getvalue()},
    )
    with pytest.raises(ValueError, match="No model"):
        load_model(saved[1])


@pytest.mark.parametrize("protocol", [0, 1, "2", None])
def test_older_protocols_are_refused(protocol, saved):
    rewrite(saved[1], lambda document: document.update(protocol=protocol))
    with pytest.raises(ValueError, match="No model"):
        load_model(saved[1])


def test_arrays_are_as_large_as_they_claim_and_nothing_is_compressed(saved):
    path, content = saved[1], saved[1].read_bytes()

    def claim(members, document):
        file = find(document, *NET, "0", "weights", "shared_dense.weight")["file"]
        huge = members[file].replace(b"(1, 2)", b"(10**9, 2)"[:6].replace(b"10**9,", b"(9999,"))
        return members | {file: huge}

    rewrite(path, lambda document: None, claim)
    with pytest.raises(ValueError, match="No model"):
        load_model(path)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members, comment = {n: archive.read(n) for n in archive.namelist()}, archive.comment
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
        archive.comment = comment
    sign(path, buffer.getvalue())
    with pytest.raises(ValueError, match="compressed"):
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
        found = places_of(document["content"]["estimator"], [])
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
    model = make_model("fc-logistic").fit(*scans)
    save_model(model, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_model(path)
    path.with_name("schema").write_text(sklearn.__version__)

    def age(document):
        return json.dumps(document).replace(f'\\"{sklearn.__version__}\\"', '\\"1.5.0\\"')

    rewrite(path, age)
    with pytest.warns(InconsistentVersionWarning, match="LogisticRegression"):
        load_model(path)


def test_nets_of_an_absent_device_are_loaded_on_another(saved, monkeypatch):
    model, path = saved
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    save_model(model.set_params(device="cpu"), path)
    rewrite(path, gets("device", "cuda"))
    assert load_model(path, device="cpu").device == "cpu"
