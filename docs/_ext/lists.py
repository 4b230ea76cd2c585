"""Lists of references without the role of a list, whose items docutils gives another role."""

ROLE = '<div role="list" class="citation-list">'


def drop_role(app, pagename, templatename, context, doctree):
    """Take the role out of a page."""
    if "body" in context:
        context["body"] = context["body"].replace(ROLE, ROLE.replace(' role="list"', ""))


def setup(app):
    """Let each page through."""
    app.connect("html-page-context", drop_role)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
