"""Folders of ROI series as XCP-D and others write them, small and made up."""

import json
from pathlib import Path

import numpy as np
import pandas

ROIS = [f"Parcel{i}" for i in range(1, 9)]


def write_text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def write_series(path, series, names=ROIS, **sidecar):
    """Write a table of series with n/a for NaN, and a sidecar if there is something for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pandas.DataFrame(series, columns=names)
    table.to_csv(path, sep="\t", index=False, header=names is not None, na_rep="n/a")
    if sidecar:
        path.with_suffix(".json").write_text(json.dumps(sidecar))
    return path


def write_motion(path, displacement):
    table = pandas.DataFrame({"trans_x": 0.0, "framewise_displacement": displacement})
    table.to_csv(path, sep="\t", index=False, na_rep="n/a")


def xcpd_path(root, subject, session=None, run=None, atlas="4S156Parcels", key="seg"):
    """Return where XCP-D writes the series of a scan."""
    folders = [f"sub-{subject}", *([f"ses-{session}"] if session else [])]
    parts = [*folders, "task-rest", *([f"run-{run}"] if run else [])]
    name = "_".join([*parts, "space-MNI152NLin2009cAsym", f"{key}-{atlas}", "stat-mean"])
    return Path(root, *folders, "func", f"{name}_timeseries.tsv")


def make_tree(root, n_subjects=12, sessions=("1", "2"), n_points=40, effect=0.0, missing=True):
    """Write a study with XCP-D's derivatives, and return the folder of these.

    There are sessions, three sites of two repetition times, labels in words, lengths that differ,
    a parcel that no scan of the last subject covers, and head motion.
    """
    rng = np.random.default_rng(0)
    derivatives = Path(root) / "derivatives" / "xcp_d"
    people = []
    for number in range(n_subjects):
        subject, is_patient = f"{number + 1:02d}", number % 2
        site = f"site{'ABC'[number // 2 % 3]}"
        people.append((f"sub-{subject}", ["control", "patient"][is_patient], site, 20.5 + number))
        for session in sessions:
            series = rng.standard_normal((n_points + number % 4, len(ROIS)))
            series[:, 0] += effect * is_patient * series[:, 1]
            if missing and number == n_subjects - 1:
                series[:, -1] = np.nan
            path = xcpd_path(derivatives, subject, session)
            write_series(path, series.round(6), RepetitionTime=2.5 if site == "siteB" else 2.0)
            stem = path.name.partition("_space-")[0]
            motion = np.r_[np.nan, np.full(len(series) - 1, 0.1 + number / 100)]
            write_motion(path.with_name(f"{stem}_motion.tsv"), motion)
    columns = ["participant_id", "diagnosis", "site", "age"]
    table = pandas.DataFrame(people, columns=columns)
    table.to_csv(Path(root) / "participants.tsv", sep="\t", index=False, na_rep="n/a")
    write_text(derivatives / "dataset_description.json", '{"Name": "XCP-D"}')
    return derivatives
