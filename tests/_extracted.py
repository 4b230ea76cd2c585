"""What an extraction has written."""

import pandas


def read(path):
    return pandas.read_csv(path, sep="\t", na_values="n/a")


def series_of(out, subject="01"):
    (path,) = out.glob(f"sub-{subject}/ses-1/func/*_timeseries.tsv")
    return read(path)
