"""Imports that are made late: optional dependencies, and names of a room when they are used."""

import sys
from importlib import import_module


def attach(package, names, modules=()):
    """Let a package import its modules when their names are used."""
    module_of = {name: module for module, attached in names.items() for name in attached}

    def getattr_(name):
        if name in modules:
            return import_module(f".{name}", package)
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(module_of[name], package), name)
        setattr(sys.modules[package], name, found)  # the next use does not come here
        return found

    return getattr_, lambda: sorted({*module_of, *modules}), sorted(module_of)


def require(module, *, extra):
    """Import an optional dependency."""
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise ImportError(
            f"{name} is needed for this and is not installed; "
            f"install it with: python -m pip install 'sklearn-lstmdg[{extra}]'"
        ) from error
