"""Sphinx configuration: ``sphinx-build -W -b html docs docs/_build``."""

import sys
from pathlib import Path

import sklearn_lstmdg

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "sklearn_lstmdg"
author = "sklearn_lstmdg developers"
copyright = author  # what the theme's footer reads
version = release = sklearn_lstmdg.__version__

extensions = [
    "mathml",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "auto_examples/**/*.ipynb", "auto_examples/**/*.py"]
default_role = "literal"

autosummary_generate = True
autodoc_typehints = "none"
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrtalpha"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("matplotlib",),
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "show_memory": False,
    "download_all_examples": False,
    "plot_gallery": "True",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_lstmdg",),
    "reference_url": {"sklearn_lstmdg": None},
}

toc_object_entries_show_parents = "hide"

html_math_renderer = "mathml"
html_show_sourcelink = False
html_theme = "pydata_sphinx_theme"
html_title = "sklearn_lstmdg"
html_static_path = ["_static"]
html_css_files = ["lstmdg.css"]
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {page: [] for page in ("start", "api", "study", "references", "contributing")}
