"""Sphinx configuration: ``sphinx-build -W -b html docs docs/_build``."""

import os
import sys
from pathlib import Path

import sklearn_lstmdg

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

SOURCE = "https://github.com/sklearn-lstmdg/sklearn-lstmdg"
# Each version is built into a folder of its own below this address; the list of them is its child.
PAGES = "https://sklearn-lstmdg.github.io/sklearn-lstmdg"

project = "sklearn_lstmdg"
author = "sklearn_lstmdg developers"
copyright = author  # what the theme's footer reads
version = release = sklearn_lstmdg.__version__

extensions = [
    "lists",
    "mathml",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_inventories", "auto_examples/**/*.ipynb", "auto_examples/**/*.py"]
default_role = "literal"
rst_prolog = f"""
.. |source| replace:: `Source <{SOURCE}>`__
.. |results| replace:: `benchmarks/results <{SOURCE}/tree/main/benchmarks/results>`__
"""

autosummary_generate = True
autodoc_typehints = "none"
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "unsrtalpha"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def inventories_of(addresses):
    """Return intersphinx's mapping: the published inventory, or without a network the one here.

    Those here know the names that these pages speak of; sites that cannot be reached then cost
    neither links nor a warning.
    """
    return {
        name: (address, (None, str(HERE / "_inventories" / f"{name}.txt")))
        for name, address in addresses.items()
    }


intersphinx_mapping = inventories_of(
    {
        "nilearn": "https://nilearn.github.io/stable/",
        "numpy": "https://numpy.org/doc/stable/",
        "pandas": "https://pandas.pydata.org/docs/",
        "sklearn": "https://scikit-learn.org/stable/",
        "skorch": "https://skorch.readthedocs.io/en/stable/",
        "torch": "https://docs.pytorch.org/docs/stable/",
    }
)
intersphinx_timeout = 10

SECTIONS = ["first_steps", "real_series", "judging", "looking_inside", "fitting_in"]
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "subsection_order": [f"../examples/{name}" for name in SECTIONS],
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("matplotlib",),
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "show_memory": False,
    "download_all_examples": False,
    "plot_gallery": "True",
    "thumbnail_size": (480, 336),
    "default_thumb_file": str(HERE / "images" / "not_run.png"),
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_lstmdg",),
    "reference_url": {"sklearn_lstmdg": None},
}

toc_object_entries_show_parents = "hide"

html_baseurl = f"{PAGES}/{os.environ.get('DOCS_VERSION', version)}/"
html_math_renderer = "mathml"
html_show_sourcelink = False
html_theme = "pydata_sphinx_theme"
html_title = "sklearn_lstmdg"
html_static_path = ["_static"]
html_css_files = ["lstmdg.css"]
html_js_files = ["lstmdg.js"]
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "header_links_before_dropdown": 5,
    "navbar_end": ["version-switcher", "theme-switcher", "navbar-icon-links"],
    "navbar_persistent": ["search-button"],
    "icon_links": [{"name": "Source", "url": SOURCE, "icon": "fa-brands fa-github"}],
    "switcher": {
        "json_url": f"{PAGES}/switcher.json",
        "version_match": os.environ.get("DOCS_VERSION", version),
    },
    "check_switcher": False,  # the list is read by the browser, from the published pages
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {page: [] for page in ("start", "study", "limits", "references", "contributing")}
