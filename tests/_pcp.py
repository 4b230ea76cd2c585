"""PCP's layout in small: subjects, columns and files."""

import numpy as np

QC = ["qc_rater_1", "qc_anat_rater_2", "qc_func_rater_2", "qc_anat_rater_3", "qc_func_rater_3"]


CODES = [2001, 2002, 2101]


SUBJECTS = [
    # SUB_ID, SITE_ID, FILE_ID, DX_GROUP
    (50001, "NYU", "NYU_0050001", 1),
    (50002, "NYU", "NYU_0050002", 2),
    (50003, "NYU", "no_filename", 1),
    (50004, "UM_1", "UM_1_0050004", 2),
    (50005, "UM_2", "UM_2_0050005", 1),
    (50006, "CMU", "CMU_a_0050006", 1),
    (50007, "CMU", "CMU_b_0050007", 2),
    (50008, "CMU", "no_filename", 2),
    (50009, "UCLA_1", "UCLA_1_0050009", 1),
]


def write_scan(folder, name, scan, codes=CODES, atlas="aal"):
    folder.mkdir(parents=True, exist_ok=True)
    header = "\t".join(f"#{code}" for code in codes)
    np.savetxt(folder / f"{name}_rois_{atlas}.1D", scan, header=header, comments="", delimiter="\t")


def home(folder):
    return folder.parents[2]


def table_path(folder):
    return folder.parents[1] / "Phenotypic_V1_0b_preprocessed1.csv"
