"""How many images are read, and how long the others will take."""

import time

from .._bars import Bar, format_duration
from .._text import counted


class ImageProgress(Bar):
    """Report images: a bar on a terminal, else a line for each; nothing if it is quiet."""

    def __init__(self, n_images, n_done, verbose, stream=None):
        super().__init__(n_images, n_done, verbose, stream, unit="image")
        self.n_before = n_done
        if n_done:
            of = f"of {counted(n_images, 'image')}"
            self.line(f"{counted(n_done, f'{of} was', f'{of} were')} read before.")

    def update(self, name, reason):
        """Report one more image, and why it is left out, if it is."""
        self.advance()
        told = f"{name}: left out, {reason}" if reason else name
        self.line(f"{told}{self._left()}", self.n_done)

    def _left(self):
        n_left = self.n_total - self.n_done
        pace = (time.monotonic() - self.begin) / (self.n_done - self.n_before)
        return f"; about {format_duration(pace * n_left)} left" if n_left else ""
