"""How many images are read, and how long the others will take."""

import sys
import time

from tqdm import tqdm

from .._text import counted, printable


class ImageProgress:
    """Report images: a bar on a terminal, else a line for each; nothing if it is quiet."""

    def __init__(self, n_images, n_done, verbose, stream=None):
        self.stream = sys.stderr if stream is None else stream
        self.n_images, self.n_done, self.n_new = n_images, n_done, 0
        self.has_lines = bool(verbose) and not self.stream.isatty()
        self.begin = time.monotonic()
        self.bar = tqdm(
            total=n_images,
            initial=n_done,
            file=self.stream,
            disable=not verbose or self.has_lines,
            unit="image",
        )
        if n_done:
            of = f"of {counted(n_images, 'image')}"
            self._write(f"{counted(n_done, f'{of} was', f'{of} were')} read before.")

    def update(self, name, reason):
        """Report one more image, and why it is left out, if it is."""
        self.n_new += 1
        self.bar.update()
        told = printable(f"{name}: left out, {reason}" if reason else name)
        n_read = self.n_done + self.n_new
        seconds = (time.monotonic() - self.begin) / self.n_new * (self.n_images - n_read)
        left = tqdm.format_interval(seconds)
        self._write(f"[{n_read}/{self.n_images}] {told}; about {left} left")

    def close(self):
        """End the bar's line."""
        self.bar.close()

    def _write(self, line):
        if self.has_lines:
            print(line, file=self.stream, flush=True)
