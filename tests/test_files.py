"""Files that are read whole or refused."""

import json

import pytest

from sklearn_lstmdg._files import read_json, write_atomically, write_figure


@pytest.mark.parametrize("text", ["null", "[1]", "text", "", '"a"', "{"])
def test_what_is_no_json_object_is_refused_by_name(tmp_path, text):
    (tmp_path / "options.json").write_text(text)
    with pytest.raises(ValueError, match=r"options\.json is damaged"):
        read_json(tmp_path / "options.json")


def test_an_object_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": 1}')
    assert read_json(tmp_path / "a.json") == {"a": 1}


FORM = {
    "n": int,
    "names": [str],
    "age": (None, [float, int]),
    "group": {"size": (None, int | float)},
}
WHOLE = {"n": 1, "names": ["a", "b"], "age": [2.5, 3], "group": {"size": 1.5}, "more": None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("n", None), ("n", "1"), ("n", 1.5), ("names", "ab"), ("names", ["a", 1])],
        *[("age", [2.5]), ("age", ["x", 3]), ("group", None), ("group", {}), ("group", [1])],
    ],
)
def test_values_of_other_forms_are_refused_by_name(tmp_path, name, value):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(WHOLE))
    assert read_json(path, FORM) == WHOLE
    path.write_text(json.dumps(WHOLE | {name: value}))
    with pytest.raises(ValueError, match=rf"a\.json is damaged: '{name}'"):
        read_json(path, FORM)


def test_endless_brackets_are_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="is damaged"):
        read_json(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


class Figure:
    """Writes half of a picture; a broken one then ends."""

    def __init__(self, is_broken=False):
        self.is_broken = is_broken

    def savefig(self, file, **options):
        file.write(f"{options['format']} at {options['dpi']}".encode())
        if self.is_broken:
            raise OSError("no font")


def test_a_picture_that_fails_leaves_the_one_before(tmp_path):
    path = tmp_path / "figures" / "a.png"
    write_figure(path, Figure(), dpi=90)
    with pytest.raises(OSError, match="no font"):
        write_figure(path, Figure(is_broken=True), dpi=300)
    assert path.read_bytes() == b"png at 90" and list(path.parent.iterdir()) == [path]
