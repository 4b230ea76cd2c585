"""Small models and their files, of which tests change what they hold."""

import hashlib
import io
import json
import zipfile

import numpy as np

from sklearn_lstmdg import LSTMDGClassifier

TINY = {"n_communities": 3, "n_units": 2, "max_epochs": 2, "random_state": 0}


def net(**parameters):
    return LSTMDGClassifier(**(TINY | parameters))


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


def label(estimator):
    return f"{type(estimator).__name__}-{getattr(estimator, 'variant', '')}"


def rewrite(path, change, arrays=None):
    """Change the schema of a model file, and its arrays by name, with the right checksum again."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        comment = archive.comment
    document = json.loads(members.pop("schema.json"))
    changed = change(document)
    document = document if changed is None else changed
    members = members if arrays is None else arrays(members, document)
    content = document if isinstance(document, str) else json.dumps(document)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, member in (members | {"schema.json": content}).items():
            archive.writestr(name, member)
        archive.comment = comment
    sign(path, buffer.getvalue())


def sign(path, content):
    content = content[:-64]
    path.write_bytes(content + hashlib.sha256(content).hexdigest().encode())


def find(document, *names):
    """Return the node of an attribute, by the names that lead to it."""
    node = document["content"]["estimator"]
    for name in names:
        content = node["content"]
        if isinstance(content, list):
            node = content[int(name)]
        else:
            content = content["content"] if "__class__" in content else content
            node = content[name]
    return node


def with_array(names, change):
    """Return what changes one array of a file."""

    def arrays(members, document):
        file = find(document, *names)["file"]
        buffer = io.BytesIO()
        np.save(buffer, change(np.load(io.BytesIO(members[file]))))
        return members | {file: buffer.getvalue()}

    return arrays


NET = ("_nets", "nets")


def gets(name, value):
    return lambda document: put(find(document)["content"], name, number(value))


def number(value):
    node = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode"}
    return node | {"content": json.dumps(value), "is_json": True}


def put(content, name, node):
    """Set an item of a dict node; what has no type for its key is left out by skops."""
    if name not in content["content"]:
        types = content["key_types"]["content"]
        types.append({k: v for k, v in types[0].items() if k != "__id__"})
    content["content"][name] = node


METHODS = ("predict", "predict_proba", "decision_function", "transform")


READERS = ("generate", "community_activity")


LEARNT = ("membership_", "influence_", "communities_", "patterns_", "coef_", "classes_")


LEARNT += ("target_mean_", "target_scale_")


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
