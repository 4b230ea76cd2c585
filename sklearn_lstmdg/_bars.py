"""How far some work is: a bar on a terminal, else a line for each part of it."""

import sys
import time

from tqdm import tqdm

from ._text import one_line

_STEPS = "[{bar:24}] {n_fmt}/{total_fmt} {desc}"


class Bar:
    """Count what is done, on standard error; nothing is said where it is quiet."""

    def __init__(self, n_total, n_done=0, verbose=1, stream=None, **look):
        self.stream = sys.stderr if stream is None else stream
        self.n_total, self.n_done = n_total, n_done
        self.is_quiet = not verbose
        self.has_lines = bool(verbose) and not self.stream.isatty()
        self.begin = time.monotonic()
        is_hidden = self.is_quiet or self.has_lines
        self.bar = tqdm(total=n_total, initial=n_done, file=self.stream, disable=is_hidden, **look)

    def advance(self):
        """Count one more part as done."""
        self.n_done += 1
        self.bar.update()

    def line(self, text, number=None):
        """Say a line where there is no bar, with the number of a part before it."""
        if self.has_lines:
            width = len(str(self.n_total))
            self.say(text if number is None else f"[{number:>{width}}/{self.n_total}] {text}")

    def say(self, text):
        """Say a line, on a terminal too."""
        if not self.is_quiet:
            print(one_line(text), file=self.stream, flush=True)

    def close(self):
        """End the bar's line."""
        self.bar.close()


def steps(named, verbose, stream=None):
    """Yield each of some things, and say by its name which is next."""
    bar = Bar(len(named), 0, verbose, stream, bar_format=_STEPS)
    try:
        for name, thing in named:
            bar.bar.set_description_str(one_line(name))
            bar.line(name, bar.n_done + 1)
            yield thing
            bar.advance()
    finally:
        bar.close()


def format_duration(seconds):
    """Format seconds as people say them."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
