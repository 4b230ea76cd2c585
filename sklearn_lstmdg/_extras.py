"""Optional dependencies: one import, one wording of the error when they are missing."""

from importlib import import_module

__all__ = ["require"]


def require(module, *, extra):
    """Import an optional dependency.

    Parameters
    ----------
    module : str
        Dotted name of the module to import.
    extra : str
        The package's extra that installs it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    ImportError
        If the module is not installed; the message names the extra.
    """
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise ImportError(
            f"{name} is needed for this and is not installed; "
            f"install it with: python -m pip install 'sklearn-lstmdg[{extra}]'"
        ) from error
