"""What is printed: no name can steer the terminal, and a reader may stop reading."""

import os
import sys
from contextlib import contextmanager

from .._text import printable

_BROKEN_PIPE = 141  # 128 and the number of SIGPIPE, as shells say it


def say(text, file=None):
    """Print text that steers no terminal."""
    print(printable(text), file=file)


@contextmanager
def ends_with_its_reader():
    """End quietly where a pipe's reader, such as ``head``, has seen enough."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):  # else Python complains when it flushes them
            os.dup2(nowhere, stream.fileno())
        sys.exit(_BROKEN_PIPE)
