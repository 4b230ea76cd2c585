"""What is said of finished folds: a bar on a terminal, lines elsewhere."""

from io import StringIO

import numpy as np

from sklearn_lstmdg.evaluation._progress import Progress, format_duration
from sklearn_lstmdg.evaluation._store import FoldResult


class Terminal(StringIO):
    def isatty(self):
        return True


def result(model, seconds, fold=0):
    facts = {"model": model, "site": "S", "repeat": 0, "fold": fold, "seconds": seconds}
    return FoldResult(facts, {})


def test_lines_where_there_is_no_terminal():
    stream = StringIO()
    progress = Progress(["a", "b", "a"], 9, 1, stream)
    progress.update(result("a", 10))
    progress.close()
    lines = stream.getvalue().splitlines()
    assert lines[0] == "9 of 12 folds were finished before."
    assert lines[1] == "3 folds to train, time left not known yet."
    assert lines[2] == "[10/12] a, S, repeat 0, fold 0 (10 s); about 20 s left"
    assert lines[3].startswith("Finished in") and "\r" not in stream.getvalue()


def test_a_bar_on_a_terminal():
    stream = Terminal()
    progress = Progress(["a", "a"], 0, 1, stream)
    assert "0/2 folds, time left not known yet" in stream.getvalue()
    progress.bar.mininterval = 0
    progress.update(result("a", 70))
    progress.close()
    assert "1/2 folds, about 1 min 10 s left (a, S, repeat 0, fold 0)" in stream.getvalue()


def test_durations_are_as_people_say_them():
    told = [format_duration(seconds) for seconds in (9.2, 59.7, 222, 8000)]
    assert told == ["9 s", "1 min 0 s", "3 min 42 s", "2 h 13 min"]


def test_names_cannot_steer_the_terminal():
    for stream in (StringIO(), Terminal()):
        progress = Progress(["\x1b[2Ja"], 0, 1, stream)
        progress.bar.mininterval = 0
        progress.update(result("\x1b[2Ja", 10))
        progress.close()
        assert "\x1b[2J" not in stream.getvalue() and "\\x1b[2Ja, S" in stream.getvalue()


def test_time_left_is_of_each_model():
    progress = Progress(["a", "a", "b", "b"], 0, 2, StringIO())
    assert progress.seconds_left() is None
    progress.update(result("a", 10))
    assert progress.seconds_left() == np.mean([30]) / 2, "b takes a's mean"
    progress.update(result("b", 50))
    assert progress.seconds_left() == 50, "one fold is not split over two workers"
