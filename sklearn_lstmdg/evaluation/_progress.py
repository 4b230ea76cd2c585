"""How far a comparison is, and how long it will take."""

import time
from collections import Counter, deque

from .._bars import Bar, format_duration
from .._text import counted, one_line

_N_LAST = 3
_BAR = "[{bar:24}] {n_fmt}/{total_fmt} folds, {desc}"


class Progress(Bar):
    """Report finished folds: a bar on a terminal, else a line for each fold."""

    def __init__(self, models, earlier, n_workers, stream=None):
        self.waiting = Counter(models)
        self.seconds = {name: list(earlier.get(name, ())) for name in self.waiting}
        self.last = deque(maxlen=max(_N_LAST, n_workers))
        self.n_workers = n_workers
        n_done = sum(map(len, earlier.values()))
        n_total = n_done + len(models)
        look = {"bar_format": _BAR, "desc": self._left()}
        super().__init__(n_total, n_done, stream=stream, **look)
        if n_done:
            of = f"of {counted(n_total, 'fold')}"
            self.say(f"{counted(n_done, f'{of} was', f'{of} were')} finished before.")
        if models:
            self.line(f"{counted(len(models), 'fold')} to train, {self._left()}.")

    def update(self, result):
        """Report one more finished fold."""
        model, site, repeat, fold = result.key
        self.waiting[model] -= 1
        self.seconds[model].append(result.facts["seconds"])
        self.last.append((model, result.facts["seconds"]))
        what = one_line(f"{model}, {site}, repeat {repeat}, fold {fold}")
        left = self._left() if self.waiting.total() else ""
        self.bar.set_description_str(f"{left} ({what})" if left else what, refresh=False)
        self.advance()
        took = format_duration(result.facts["seconds"])
        self.line("; ".join(filter(None, [f"{what} ({took})", left])), self.n_done)

    def seconds_left(self):
        """Estimate from what each model's folds took, at the pace of the last; None before any.

        Models that no fold was timed of count nothing.
        """
        usual = {name: sum(s) / len(s) for name, s in self.seconds.items() if s}
        if not usual:
            return None
        took, usually = sum(s for _, s in self.last), sum(usual[name] for name, _ in self.last)
        pace = took / usually if usually else 1
        work = {name: n * usual[name] for name, n in self.waiting.items() if n and name in usual}
        longest = max((usual[name] for name in work), default=0)
        return pace * max(sum(work.values()) / self.n_workers, longest)

    def untimed(self):
        """Return the models that wait, and of which no fold was timed."""
        return [name for name, n in self.waiting.items() if n and not self.seconds[name]]

    def close(self):
        """End the bar's line and say how long it took."""
        super().close()
        if self.last:
            self.say(f"Finished in {format_duration(time.monotonic() - self.begin)}.")

    def _left(self):
        seconds, untimed = self.seconds_left(), self.untimed()
        if seconds is None:
            return "time left not known yet, as no fold was timed"
        told = f"{format_duration(seconds)} left"
        names = one_line(", ".join(untimed))
        return f"more than {told}: {names} not timed yet" if untimed else f"about {told}"
