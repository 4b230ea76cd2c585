"""What pyproject.toml cannot say: PyPI shows the README without the files that it speaks of."""

import re
from pathlib import Path
from runpy import run_path

from setuptools import setup

HERE = Path(__file__).parent
VERSION = run_path(str(HERE / "sklearn_lstmdg" / "_version.py"))["__version__"]
REPOSITORY = "sklearn-lstmdg/sklearn-lstmdg"
FILES = f"https://github.com/{REPOSITORY}/blob/v{VERSION}"
IMAGES = f"https://raw.githubusercontent.com/{REPOSITORY}/v{VERSION}"
PAGES = f"https://sklearn-lstmdg.github.io/sklearn-lstmdg/{VERSION}"


def long_description():
    """Return the README, with addresses of this version in place of paths."""
    text = (HERE / "README.rst").read_text(encoding="utf-8")
    text = re.sub(r"(\.\. image:: )(?!http)", rf"\1{IMAGES}/", text)
    text = re.sub(r"<docs/([\w/]+)\.rst>`", rf"<{PAGES}/\1.html>`", text)
    return re.sub(r"(\s)<(?!http)([\w/.-]+)>`", rf"\1<{FILES}/\2>`", text)


setup(long_description=long_description(), long_description_content_type="text/x-rst")
