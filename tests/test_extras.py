import pytest

import sklearn_lstmdg
from sklearn_lstmdg._extras import attach, require


def test_attached_names_come_from_their_modules():
    find, listed, names = attach("sklearn_lstmdg", {"._version": ["__version__"]})
    assert find("__version__") == sklearn_lstmdg.__version__
    assert listed() == names == ["__version__"]
    with pytest.raises(AttributeError, match="no attribute 'b'"):
        find("b")


def test_a_missing_package_names_its_extra():
    with pytest.raises(ImportError, match=r"no_such is needed.*sklearn-lstmdg\[neuro\]"):
        require("no_such.module", extra="neuro")
