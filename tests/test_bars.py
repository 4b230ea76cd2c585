"""What is said of work while it is done: a bar on a terminal, lines elsewhere."""

from io import StringIO

import pytest

from sklearn_lstmdg._bars import Bar, format_duration, steps


class Terminal(StringIO):
    def isatty(self):
        return True


NAMED = [("reading", 1), ("drawing \x1b[2J", 2)]


def said(stream, verbose=1):
    """Take the steps, and return what was said of them."""
    assert list(steps(NAMED, verbose, stream)) == [1, 2]
    return stream.getvalue()


def test_a_step_is_told_before_it_is_taken():
    stream = StringIO()
    for number in steps(NAMED, 1, stream):
        assert stream.getvalue().count("\n") == number
    assert stream.getvalue() == "[1/2] reading\n[2/2] drawing \\x1b[2J\n"


def test_steps_on_a_terminal_are_a_bar():
    told = said(Terminal())
    assert "0/2 reading" in told and "2/2" in told and "\x1b[2J" not in told
    assert "[1/2]" not in told and told.endswith("\n")


def test_nothing_is_said_where_it_is_quiet():
    assert said(StringIO(), 0) == said(Terminal(), 0) == ""
    bar = Bar(1, verbose=0, stream=Terminal())
    bar.say("done")
    assert bar.stream.getvalue() == ""


def test_a_step_that_fails_ends_the_bar():
    stream = Terminal()
    taken = steps(NAMED, 1, stream)
    next(taken)
    with pytest.raises(KeyError):
        taken.throw(KeyError("x"))
    assert stream.getvalue().endswith("\n")


def test_numbers_are_as_wide_as_the_last():
    bar = Bar(10, stream=StringIO())
    bar.line("first", 1)
    bar.line("no number")
    assert bar.stream.getvalue() == "[ 1/10] first\nno number\n"


def test_durations_are_as_people_say_them():
    told = [format_duration(seconds) for seconds in (9.2, 59.7, 222, 8000)]
    assert told == ["9 s", "1 min 0 s", "3 min 42 s", "2 h 13 min"]
