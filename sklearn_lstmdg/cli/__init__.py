"""Command line: ``lstmdg``, also ``python -m sklearn_lstmdg``."""

from ._main import main

__all__ = ["main"]
