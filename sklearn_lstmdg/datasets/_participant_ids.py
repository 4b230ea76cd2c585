"""Participants' ids, as tables and names of files write them."""

import re


def written_alike(names, others):
    """Return pairs of a name and another that differ in zeros before digits, case or signs alone.

    Such as ``sub-1`` and ``sub-01``, ``NYU_01`` and ``nyu01``.
    """
    known = {_core(other): other for other in others}
    return [(name, known[_core(name)]) for name in names if _core(name) in known]


def _core(name):
    plain = re.sub(r"[\W_]", "", name.casefold())
    return re.sub(r"^(sub)+|(?<!\d)0+(?=\d)", "", plain)


def ids_in(file_name):
    """Return the ids, without ``sub-``, that a file's name may begin with, up to ``.`` or ``_``."""
    name = file_name.removeprefix("sub-")
    ends = [match.start() for match in re.finditer(r"[._]|$", name)]
    return [name[:end] for end in ends if end]
