"""Names do not steer the terminal."""

from sklearn_lstmdg.cli._terminal import say


def test_control_characters_are_shown_as_escapes(capsys):
    say("NYU\x1b[2J\r\x9b31m\nnext")
    assert capsys.readouterr().out == "NYU\\x1b[2J\\x0d\\x9b31m\nnext\n"
