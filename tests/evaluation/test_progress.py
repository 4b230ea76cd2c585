"""What is said of finished folds: a bar on a terminal, lines elsewhere."""

from io import StringIO

from sklearn_lstmdg.evaluation._progress import Progress
from sklearn_lstmdg.evaluation._store import FoldResult


class Terminal(StringIO):
    def isatty(self):
        return True


def result(model, seconds, fold=0):
    facts = {"model": model, "site": "S", "repeat": 0, "fold": fold, "seconds": seconds}
    return FoldResult(facts, {})


def test_lines_where_there_is_no_terminal():
    stream = StringIO()
    progress = Progress(["a", "b", "a"], {"c": [1] * 9}, 1, stream)
    progress.update(result("a", 10))
    progress.close()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "9 of 12 folds were finished before."
    assert lines[1] == "3 folds to train, time left not known yet, as no fold was timed."
    assert lines[2] == "[10/12] a, S, repeat 0, fold 0 (10 s); more than 10 s left: b not timed yet"
    assert lines[3].startswith("Finished in") and "\r" not in stream.getvalue()


def test_a_bar_on_a_terminal():
    stream = Terminal()
    progress = Progress(["a", "a"], {}, 1, stream)
    assert "0/2 folds, time left not known yet" in stream.getvalue()
    progress.bar.mininterval = 0
    progress.update(result("a", 70))
    assert "1/2 folds, about 1 min 10 s left (a, S, repeat 0, fold 0)" in stream.getvalue()
    progress.update(result("a", 70, fold=1))
    progress.close()
    assert "2/2 folds, a, S, repeat 0, fold 1" in stream.getvalue()


def test_no_time_is_left_after_the_last_fold():
    stream = StringIO()
    progress = Progress(["a"], {}, 1, stream)
    progress.update(result("a", 70))
    assert stream.getvalue().splitlines() == [
        "1 fold to train, time left not known yet, as no fold was timed.",
        "[1/1] a, S, repeat 0, fold 0 (1 min 10 s)",
    ]


def test_names_cannot_steer_the_terminal():
    for stream in (StringIO(), Terminal()):
        progress = Progress(["\x1b[2Ja"], {}, 1, stream)
        progress.bar.mininterval = 0
        progress.update(result("\x1b[2Ja", 10))
        progress.close()
        assert "\x1b[2J" not in stream.getvalue() and "\\x1b[2Ja, S" in stream.getvalue()


def test_time_left_is_of_each_model():
    progress = Progress(["a", "a", "b", "b"], {}, 2, StringIO())
    assert progress.seconds_left() is None and progress.untimed() == ["a", "b"]
    progress.update(result("a", 10))
    assert progress.seconds_left() == 10 and progress.untimed() == ["b"], "b is not guessed"
    progress.update(result("b", 50))
    assert progress.seconds_left() == 50, "one fold is not split over two workers"
    assert progress.untimed() == []


def test_time_left_knows_folds_of_an_earlier_run():
    stream = StringIO()
    progress = Progress(["a", "a"], {"a": [10, 20], "b": [99]}, 1, stream)
    assert progress.seconds_left() == 30
    assert stream.getvalue().splitlines()[-1] == "2 folds to train, about 30 s left."


def test_time_left_follows_the_present_load():
    progress = Progress(["a"] * 10 + ["b"] * 2, {"a": [10] * 30, "b": [100]}, 1, StringIO())
    alone = progress.seconds_left()
    for _ in range(3):
        progress.update(result("a", 30))
    assert alone == 300 and progress.seconds_left() > 2 * (7 * 10 + 2 * 100), "both are slower now"
    for _ in range(3):
        progress.update(result("a", 10))
    assert progress.seconds_left() < 1.1 * (4 * 12 + 2 * 100), "the load is gone"
