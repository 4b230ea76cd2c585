"""Formulas as MathML, which browsers draw by themselves: pages need no script and no network."""

from docutils import nodes
from latex2mathml.converter import convert


def draw_inline(translator, node):
    """Write a formula in the line."""
    translator.body.append(f'<span class="formula">{convert(node.astext())}</span>')
    raise nodes.SkipNode


def draw_block(translator, node):
    """Write a formula of its own; lines separated by a double backslash are aligned."""
    formula = node.astext()
    if r"\\" in formula:
        formula = rf"\begin{{split}}{formula}\end{{split}}"
    translator.body.append(
        f'<div class="formula" tabindex="0">{convert(formula, display="block")}</div>'
    )
    raise nodes.SkipNode


def setup(app):
    """Add the renderer, named "mathml"."""
    app.add_html_math_renderer("mathml", (draw_inline, None), (draw_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
