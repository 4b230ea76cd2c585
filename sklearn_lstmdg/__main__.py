"""Run the command line: ``python -m sklearn_lstmdg``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
