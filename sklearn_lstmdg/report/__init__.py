"""A results folder as one HTML page that needs nothing else."""

from ._cohort_record import cohort_record
from ._page import write_report
from ._study import best_fold, read_cohort_record

__all__ = ["best_fold", "cohort_record", "read_cohort_record", "write_report"]
