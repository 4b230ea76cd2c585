"""Sections of a page, and rows of its tables."""

from _pages import rows_of

SECTIONS = (
    "notices run cohort results tests chance confusion calibration roc subjects covariates "
    "training robustness communities warnings versions folds methods cite"
)


def top_rows(page, name):
    return rows_of(page, f"Most influential communities of {name}")
