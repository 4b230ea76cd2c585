"""How far a comparison is, and how long it will take."""

import sys
import time
from collections import Counter

from tqdm import tqdm

from .._text import printable

_BAR = "[{bar:24}] {n_fmt}/{total_fmt} folds, {desc}"


class Progress:
    """Report finished folds: a bar on a terminal, else a line for each fold."""

    def __init__(self, models, n_done, n_workers, stream=None):
        self.stream = sys.stderr if stream is None else stream
        self.waiting = Counter(models)
        self.seconds = {name: [] for name in self.waiting}
        self.n_done, self.n_total = n_done, n_done + len(models)
        self.n_workers = n_workers
        self.begin = time.monotonic()
        if n_done:
            self._write(f"{n_done} of {self.n_total} folds were finished before.")
        self.bar = tqdm(
            total=self.n_total,
            initial=n_done,
            file=self.stream,
            disable=not self.stream.isatty(),
            bar_format=_BAR,
            desc=self._left(),
        )
        if self.bar.disable and models:
            self._write(f"{len(models)} folds to train, {self._left()}.")

    def update(self, result):
        """Report one more finished fold."""
        model, site, repeat, fold = result.key
        self.n_done += 1
        self.waiting[model] -= 1
        self.seconds[model].append(result.facts["seconds"])
        what = printable(f"{model}, {site}, repeat {repeat}, fold {fold}")
        self.bar.set_description_str(f"{self._left()} ({what})", refresh=False)
        self.bar.update()
        if self.bar.disable:
            count = f"{self.n_done:>{len(str(self.n_total))}}/{self.n_total}"
            took = format_duration(result.facts["seconds"])
            self._write(f"[{count}] {what} ({took}); {self._left()}")

    def seconds_left(self):
        """Estimate from what each model's folds have taken; unknown models take the mean."""
        known = {name: sum(s) / len(s) for name, s in self.seconds.items() if s}
        if not known:
            return None
        mean = sum(known.values()) / len(known)
        work = sum(n * known.get(name, mean) for name, n in self.waiting.items())
        longest = max((known.get(name, mean) for name, n in self.waiting.items() if n), default=0)
        return max(work / self.n_workers, longest)

    def close(self):
        """End the bar's line and say how long it took."""
        self.bar.close()
        if any(self.seconds.values()):
            took = format_duration(time.monotonic() - self.begin)
            self._write(f"Finished in {took}.")

    def _left(self):
        seconds = self.seconds_left()
        known = seconds is not None
        return f"about {format_duration(seconds)} left" if known else "time left not known yet"

    def _write(self, line):
        self.stream.write(line + "\n")
        self.stream.flush()


def format_duration(seconds):
    """Format seconds as people say them."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
