"""Folders of fMRIPrep's images, small and made up: blocks of voxels that are the regions."""

import json
from pathlib import Path

import numpy as np
import pandas
from nibabel import Nifti1Image

from _trees import write_text

AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])
SHAPE = (8, 8, 8)
REGIONS = ["Insula L", "Insula R", "V1", "Putamen"]
SPACE = "MNI152NLin2009cAsym"
CONFOUNDS = ["csf", "white_matter", "global_signal"]
CONFOUNDS += [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]


def labels():
    """Return an image of four blocks with the codes 3, 5, 8 and 10."""
    voxels = np.zeros(SHAPE, np.int16)
    for code, (x, y) in zip((3, 5, 8, 10), [(1, 1), (1, 5), (5, 1), (5, 5)], strict=True):
        voxels[x : x + 2, y : y + 2, 2:6] = code
    return Nifti1Image(voxels, AFFINE)


def write_atlas(folder, name="atlas-Mine_dseg", image=None, table=True):
    """Write an atlas with a table beside it, and return the image's path."""
    path = Path(folder, f"{name}.nii.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    (labels() if image is None else image).to_filename(path)
    if table:
        rows = "".join(f"{c}\t{n}\n" for c, n in zip((3, 5, 8, 10), REGIONS, strict=True))
        write_text(path.with_name(f"{name}.tsv"), f"index\tname\n0\tBackground\n{rows}")
    return path


def image_path(root, subject, session="1", space=SPACE, desc="preproc_bold", end=".nii.gz"):
    parts = [f"sub-{subject}", f"ses-{session}", "task-rest"]
    parts += [f"space-{space}"] if space else []
    folder = Path(root, f"sub-{subject}", f"ses-{session}", "func")
    return folder / f"{'_'.join([*parts, f'desc-{desc}'])}{end}"


def make_confounds(n_points, rng, worst=0.1):
    """Return confounds with the columns that the strategies of nilearn take."""
    table = {}
    for name in CONFOUNDS:
        series = rng.standard_normal(n_points)
        change = np.r_[np.nan, np.diff(series)]
        table |= {name: series, f"{name}_derivative1": change}
        table |= {f"{name}_power2": series**2, f"{name}_derivative1_power2": change**2}
    table["framewise_displacement"] = np.r_[np.nan, np.full(n_points - 1, 0.1)]
    table["framewise_displacement"][n_points // 2] = worst
    table["std_dvars"] = np.r_[np.nan, np.ones(n_points - 1)]
    table["cosine00"] = np.cos(np.pi * (np.arange(n_points) + 0.5) / n_points)
    return pandas.DataFrame(table)


def write_image(root, subject, session, series, rng, t_r=2.0, worst=0.1):
    """Write an image whose four regions have these series, and all that lies beside it."""
    path = image_path(root, subject, session)
    path.parent.mkdir(parents=True, exist_ok=True)
    voxels = rng.normal(100, 0.1, size=(*SHAPE, len(series))).astype(np.float32)
    codes = np.asarray(labels().dataobj)
    for code, values in zip((3, 5, 8, 10), series.T, strict=True):
        voxels[codes == code] += values
    Nifti1Image(voxels, AFFINE).to_filename(path)
    brain = np.ones(SHAPE, np.uint8)
    Nifti1Image(brain, AFFINE).to_filename(image_path(root, subject, session, desc="brain_mask"))
    sidecar = image_path(root, subject, session, end=".json")
    sidecar.write_text(json.dumps({"RepetitionTime": t_r}))
    confounds = make_confounds(len(series), rng, worst)
    name = image_path(root, subject, session, None, "confounds_timeseries", ".tsv")
    confounds.to_csv(name, sep="\t", index=False, na_rep="n/a")
    return path


def make_fmriprep(root, n_subjects=4, sessions=("1",), n_points=40, effect=0.0):
    """Write a study with fMRIPrep's derivatives, and return the folder of these."""
    rng = np.random.default_rng(0)
    derivatives = Path(root, "derivatives", "fmriprep")
    people = []
    for number in range(n_subjects):
        subject, is_patient = f"{number + 1:02d}", number % 2
        site = f"site{'ABC'[number // 2 % 3]}"
        people.append((f"sub-{subject}", ["control", "patient"][is_patient], site, 20 + number))
        for session in sessions:
            series = 10 * rng.standard_normal((n_points + number % 3, len(REGIONS)))
            series[:, 0] += effect * is_patient * series[:, 1]
            write_image(derivatives, subject, session, series, rng)
    table = pandas.DataFrame(people, columns=["participant_id", "diagnosis", "site", "age"])
    table.to_csv(Path(root, "participants.tsv"), sep="\t", index=False)
    return derivatives
