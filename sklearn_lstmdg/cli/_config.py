"""A configuration file (TOML): the long options of a command, and the command line wins."""

import argparse
import difflib
import sys
from importlib import import_module
from pathlib import Path

_NOT_HERE = ("help", "version", "debug", "config")
_HELP = (
    "TOML file whose keys are the long options, such as n-jobs = 2; the command line wins. A "
    "table named as a command holds the options of that command alone"
)


def add_config_option(parser):
    """Let a command read its options from a file."""
    parser.add_argument("--config", metavar="FILE", help=_HELP)


def with_config(parser, arguments, commands):
    """Put the options of the configuration file before those of the command line."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--config")
    path = first.parse_known_args(arguments)[0].config
    if path is None:
        return arguments
    values = _select(_read(path), parser.prog.split()[-1], commands, path)
    options = _options(parser)
    unknown = [key for key in values if key not in options]
    if unknown:
        raise ValueError(
            f"{path} has unknown keys: {', '.join(_hint(k, options) for k in unknown)}"
        )
    words = [word for key, value in values.items() for word in _words(options[key], key, value)]
    # The last option is one of a single value, so that a list above does not take what follows.
    return [*words, "--config", path, *arguments]


def _read(path):
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    try:
        return toml.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, toml.TOMLDecodeError) as error:
        raise ValueError(f"the configuration file {path} cannot be read: {error}") from error


def _select(document, command, commands, path):
    """Return the keys outside of tables, and above them those of the command's own table."""
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    wrong = [name for name in tables if name not in commands]
    if wrong:
        raise ValueError(f"{path} has tables that are no commands: {', '.join(wrong)}")
    common = {key: value for key, value in document.items() if key not in tables}
    return common | tables.get(command, {})


def _options(parser):
    return {
        name.removeprefix("--"): action
        for action in parser._actions
        for name in action.option_strings
        if name.startswith("--") and name.removeprefix("--") not in _NOT_HERE
    }


def _hint(key, options):
    close = difflib.get_close_matches(key, options, n=1)
    return f"{key} (did you mean {close[0]}?)" if close else key


def _words(action, key, value):
    """Return an option as one would type it."""
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise ValueError(f"{key} must be true or false")
        word = f"--{key}" if value else f"--no-{key}"
        return [word] if word in action.option_strings else []
    if action.nargs is not None:
        return [
            f"--{key}",
            *(_word(key, v) for v in (value if isinstance(value, list) else [value])),
        ]
    if isinstance(value, list):
        raise ValueError(f"{key} takes one value, not a list")
    return [f"--{key}={_word(key, value)}"]


def _word(key, value):
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"{key} takes text or numbers, not {value!r}")
    return str(value)
