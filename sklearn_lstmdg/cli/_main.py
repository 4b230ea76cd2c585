"""The command ``lstmdg``: its sub-commands, and how it fails."""

import argparse
import sys
import warnings
from collections.abc import Sequence

from .._text import printable
from .._version import __version__
from ._commands import COMMANDS
from ._config import add_config_option, with_config
from ._terminal import ends_with_its_reader, say

_DESCRIPTION = """\
Classify brain scans (ROI time series) with recurrent networks that also generate, and find the
functional communities they use.

Without a command, a demonstration on simulated scans runs: under a minute, no data needed."""


class _Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one line, and reads options from a file."""

    commands = None  # a command knows all commands, which the tables of its file may name

    def parse_known_args(self, args=None, namespace=None):
        try:
            args = args if self.commands is None else with_config(self, args, self.commands)
        except ValueError as error:
            self.error(str(error))
        known, unknown = super().parse_known_args(args, namespace)
        if unknown and self.commands is not None:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message):
        message = printable(" ".join(message.split()))
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _make_parser():
    parser = _Parser(
        prog="lstmdg",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sklearn_lstmdg {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        sub = command.add_to(commands)
        add_config_option(sub)
        sub.commands = commands.choices
        sub.add_argument(
            "--debug", action="store_true", help="show where in the program an error arose"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line, by default that of the process, and return its exit status."""
    argv = sys.argv[1:] if argv is None else list(argv)
    with ends_with_its_reader():
        return _run(_make_parser().parse_args(argv or ["demo"]))


def _run(args):
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return args.run(args) or 0
    except KeyboardInterrupt:
        return _say("interrupted; run the same command to resume", 130)
    except Exception as error:
        if args.debug or isinstance(error, BrokenPipeError):
            raise
        return _say(f"error: {_one_line(error)} (--debug shows where)", 2)


def _say(message, code):
    say(f"\nlstmdg: {message}" if code == 130 else f"lstmdg: {message}", file=sys.stderr)
    return code


def _one_line(error):
    text = " ".join(str(error).split())
    is_plain = isinstance(error, ValueError | OSError | ImportError | RuntimeError)
    return text if text and is_plain else f"{type(error).__name__}: {text}"


def _show_warning(message, category, filename, lineno, file=None, line=None):
    say(f"lstmdg: warning: {' '.join(str(message).split())}", file=sys.stderr)
