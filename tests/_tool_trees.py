"""Derivatives as the tools themselves name and fill them, each of four participants."""

import json

import numpy as np
import pandas

from _series_formats import draw
from _trees import ROIS, write_motion, write_series, write_text

SUBJECTS = ("01", "02", "03", "04")
SPACE = "space-MNI152NLin6Asym"


def write_people(study):
    rows = "".join(f"sub-{s}\t{'ab'[i % 2]}\n" for i, s in enumerate(SUBJECTS))
    write_text(study / "participants.tsv", f"participant_id\tdx\n{rows}")


def write_json(path, **content):
    write_text(path, json.dumps(content))


def _table(path, columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pandas.DataFrame(columns).to_csv(path, sep="\t", index=False, na_rep="n/a")


def write_xcpd(study, is_new, runs=("",), joined=False, space=SPACE):
    """Write XCP-D's: of 0.10 with ``seg-`` and ``stat-mean``, of 0.6 with ``atlas-`` alone.

    A frequency is "TR"; the time is in the sidecar of the denoised image, but of no joined one.
    """
    root = study / "derivatives" / "xcp_d"
    key, mean, motion = ("seg", "_stat-mean", "motion") if is_new else ("atlas", "", "")
    motion = motion or "desc-filtered_motion"
    for number, subject in enumerate(SUBJECTS):
        func = root / f"sub-{subject}" / "func"
        for position, run in enumerate([*runs, *([""] if joined else [])]):
            scan = f"sub-{subject}_task-rest{run}"
            for atlas in ("4S156Parcels", "Tian"):
                stem = f"{scan}_{space}_{key}-{atlas}"
                series = draw(100 * position + number)
                write_series(func / f"{stem}{mean}_timeseries.tsv", series, SamplingFrequency="TR")
                measures = ("alff", "reho", "coverage")
                for name in (f"stat-{m}_bold" if is_new else m for m in measures):
                    _table(func / f"{stem}_{name}.tsv", {roi: [1.0] for roi in ROIS})
                    write_json(func / f"{stem}_{name}.json", Sources=[])
            times = {} if joined and not run else {"RepetitionTime": 0.8}
            write_json(func / f"{scan}_{space}_res-2_desc-denoised_bold.json", **times)
            write_json(func / f"{scan}_{space}_res-2_desc-denoisedSmoothed_bold.json", FWHM=6)
            write_motion(func / f"{scan}_{motion}.tsv", np.full(30, 0.1 + number / 100))
            _table(func / f"{scan}_outliers.tsv", {"framewise_displacement": [0] * 30})
            _table(func / f"{scan}_desc-preproc_design.tsv", {"trans_x": [0.0] * 30})
    atlases = root / "atlases" / "atlas-Tian" if is_new else root
    codes = {"index": range(1, 9), "label": ROIS, "hemisphere": ["L", "n/a"] * 4}
    _table(atlases / "atlas-Tian_dseg.tsv", codes)
    return root


def write_giga_connectome(study):
    """Write giga_connectome's: columns are numbers from 0, one sidecar for all atlases."""
    root = study / "derivatives" / "giga"
    for number, subject in enumerate(SUBJECTS):
        func = root / f"sub-{subject}" / "ses-1" / "func"
        scan = f"sub-{subject}_ses-1_task-rest_run-01"
        desc = "desc-denoiseSimple"
        for parcels in ("100", "200"):
            atlas = f"{scan}_seg-Schaefer2018{parcels}Parcels7Networks"
            write_series(func / f"{atlas}_{desc}_timeseries.tsv", draw(number), range(8))
            matrix = {str(i): np.ones(8) for i in range(8)}
            _table(func / f"{atlas}_meas-PearsonCorrelation_{desc}_relmat.tsv", matrix)
        told = {"SamplingFrequency": 0.5, "MeanFramewiseDisplacement": 0.1}
        write_json(func / f"{scan}_{desc}_timeseries.json", ConfoundRegressors=[], **told)
    write_json(root / "meas-PearsonCorrelation_relmat.json", Measure="Pearson correlation")
    return root


def write_halfpipe(study, **more):
    """Write HALFpipe's: without a header, nan where not covered, a frequency in seconds."""
    root = study / "derivatives" / "halfpipe"
    for number, subject in enumerate(SUBJECTS):
        func = root / f"sub-{subject}" / "func" / "task-rest"
        series = draw(number)
        series[:, 7] = np.nan
        for feature in ("corrMatrix1", "corrMatrix2"):
            stem = f"sub-{subject}_task-rest_feature-{feature}_atlas-schaefer2011Combined"
            path = func / f"{stem}_timeseries.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savetxt(path, series, delimiter="\t")
            np.savetxt(func / f"{stem}_desc-correlation_matrix.tsv", np.ones((8, 8)))
            told = {"SamplingFrequency": 0.72, "MeanAtlasTSNR": [90.0] * 8, "Coverage": [1.0] * 8}
            write_json(path.with_suffix(".json"), Setting={"Smoothing": 6}, **told, **more)
        write_motion(func / f"sub-{subject}_task-rest_desc-confounds_regressors.tsv", [0.1] * 30)
    return root


def write_cpac(study, separator):
    """Write C-PAC's: .1D with codes in a comment, two regressions of nuisance, no times."""
    root = study / "derivatives" / "pipeline_RBC"
    codes = separator.join(f"#{code}" for code in range(2001, 2009))
    for number, subject in enumerate(SUBJECTS):
        func = root / f"sub-{subject}" / "ses-1" / "func"
        func.mkdir(parents=True, exist_ok=True)
        for regression in ("36Parameter", "aCompCor"):
            stem = f"sub-{subject}_ses-1_task-rest_run-1_atlas-AAL_{SPACE}_reg-{regression}"
            path = func / f"{stem}_desc-Mean_timeseries.1D"
            np.savetxt(path, draw(number), delimiter=separator, header=codes, comments="")
            np.savetxt(func / f"{stem}_desc-PearsonNilearn_correlations.tsv", np.ones((8, 8)))
    return root


def write_mriqc(study):
    """Write MRIQC's: confounds whose names end as series do, without any ``desc-``."""
    root = study / "derivatives" / "mriqc"
    for subject in SUBJECTS:
        path = root / f"sub-{subject}" / "func" / f"sub-{subject}_task-rest_timeseries.tsv"
        _table(path, {"dvars": [1.0] * 30, "trans_x": [0.0] * 30, "framewise_displacement": 0.1})
        write_json(path.with_suffix(".json"), dvars={"Units": "arbitrary"})
        write_json(path.with_name(f"sub-{subject}_task-rest_bold.json"), RepetitionTime=2)
    return root
