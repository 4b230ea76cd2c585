"""The templates, as jinja2 fills them."""

from functools import cache

from ._cells import fill, is_numeric, sort_key


@cache
def environment():
    """Return jinja2's environment: what is filled in is escaped, but in plain text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # not for "lstmdg --help"

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=lambda name: name is None or not name.endswith(".txt"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"fill": fill, "sort_key": sort_key}
    environment.tests["numeric"] = is_numeric
    return environment
