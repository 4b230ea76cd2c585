"""How a sub-command and its options are described, so that a table of them reads well."""

import argparse
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple


class Option(NamedTuple):
    """An option, or an argument without dashes, as argparse takes it."""

    name: str
    settings: dict

    @property
    def destination(self):
        """The name of the value among the parsed ones."""
        return self.name.removeprefix("--").replace("-", "_")


def text(name, words, default=None, **settings):
    """Describe an option of one value, such as ``--out DIR``; its default ends its help."""
    name, _, metavar = name.partition(" ")
    if default not in (None, "") and "(default: " not in words:
        words += f" (default: {default})"
    return Option(name, {"metavar": metavar or None, "help": words, "default": default, **settings})


def several(name, words, default=None, nargs="+"):
    """Describe an option of several values."""
    return text(name, words, default, nargs=nargs)


def read_pairs(option, words):
    """Return the names and values of an option's words NAME=VALUE, in their order."""
    pairs = [word.partition("=") for word in words or ()]
    for word in pairs:
        if not all(word):
            raise ValueError(f"{option} takes NAME=VALUE, not {''.join(word)!r}.")
    return [(name, value) for name, _, value in pairs]


def read_entities(words):
    """Return labels of entities by name; one that is named again has several."""
    labels = {}
    for name, label in read_pairs("--entities", words):
        labels.setdefault(name, []).append(label)
    return labels


def number(name, words, default=None, least=None):
    """Describe an option of a whole number, and the least that it may be."""
    return text(name, words, default, type=int if least is None else _at_least(least))


def choice(name, choices, words):
    """Describe an option of one of several values, the first by default."""
    return text(name, words, choices[0], choices=choices)


def switch(name, words):
    """Describe an option without a value."""
    return Option(name, {"action": "store_true", "help": words})


def yes_or_no(name, words):
    """Describe an option that is on unless ``--no-`` precedes its name."""
    words += " (default: yes)"
    return Option(name, {"action": argparse.BooleanOptionalAction, "help": words, "default": True})


def _at_least(least):
    """Return a type of options: integers from ``least`` on."""

    def integer(value):
        if int(value) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, not {int(value)}")
        return int(value)

    integer.__name__ = "int"  # argparse names it where the value is no number
    return integer


class Command(NamedTuple):
    """A sub-command, as its help shows it; the module of its name has the function ``run``."""

    name: str
    help: str
    description: str
    example: str
    options: tuple  # a text among them is the title of those that follow
    defaults: Mapping = {}

    def add_to(self, commands):
        """Add the sub-command and return its parser."""
        parser = commands.add_parser(
            self.name,
            help=self.help,
            description=self.description,
            epilog=self.example,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        group = parser
        for option in self.options:
            if isinstance(option, str):
                group = parser.add_argument_group(option)
            else:
                group.add_argument(option.name, **option.settings)
        parser.set_defaults(run=self.run, **self.defaults)
        return parser

    def run(self, args):
        """Import what the sub-command needs, and run it; return its exit status, if it has one."""
        return import_module(f"._{self.name}", __package__).run(args)
