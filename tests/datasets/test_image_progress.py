"""What is said of images while they are read."""

from io import StringIO

from sklearn_lstmdg.datasets._image_progress import ImageProgress


class Terminal(StringIO):
    def isatty(self):
        return True


def report(stream, verbose=1):
    """Read the second and third of three images."""
    progress = ImageProgress(3, 1, verbose, stream)
    progress.bar.mininterval = 0
    progress.update("sub-02", None)
    progress.update("sub-\x1b[2J03", "it is damaged")
    progress.close()
    return stream.getvalue()


def test_lines_where_there_is_no_terminal():
    first, second, third = report(StringIO()).splitlines()
    assert first == "1 of 3 images was read before."
    assert second == "[2/3] sub-02; about 0 s left"
    assert third == r"[3/3] sub-\x1b[2J03: left out, it is damaged"


def test_a_bar_on_a_terminal():
    assert "3/3" in report(Terminal()) and "sub-02" not in report(Terminal())


def test_nothing_is_said_where_it_is_quiet():
    assert report(StringIO(), verbose=0) == report(Terminal(), verbose=0) == ""
