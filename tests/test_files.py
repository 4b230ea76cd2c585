"""Files that are read whole or refused."""

import pytest

from sklearn_lstmdg._files import read_json


@pytest.mark.parametrize("text", ["null", "[1]", "text", "", '"a"', "{"])
def test_what_is_no_json_object_is_refused_by_name(tmp_path, text):
    (tmp_path / "options.json").write_text(text)
    with pytest.raises(ValueError, match=r"options\.json is damaged"):
        read_json(tmp_path / "options.json")


def test_an_object_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1}')
    assert read_json(tmp_path / "a.json") == {"a": 1}
