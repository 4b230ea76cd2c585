"""What is printed: no name can steer the terminal, and a reader may stop reading."""

import os
import re
import sys
from contextlib import contextmanager

_BROKEN_PIPE = 141  # 128 and the number of SIGPIPE, as shells say it


def say(text, file=None):
    """Print text that steers no terminal."""
    print(escape(text), file=file)


def escape(text):
    """Show control characters as escapes, except the ends of lines."""
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", lambda c: f"\\x{ord(c[0]):02x}", str(text))


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
