"""The sub-commands of ``lstmdg``: their words and options; what runs is imported when it runs."""

from os.path import expanduser

from ..models import model_names
from ._options import Command, choice, number, several, switch, text, yes_or_no

INTRODUCTION = """\
A demonstration on simulated scans: two groups of subjects whose brain communities are coupled
differently. Five models learn to tell the groups apart; each subject is judged by models that
never saw that subject."""

_FOLDER = text("folder DIR", 'results folder of "lstmdg compare"')
_ENTITIES = several(
    "--entities NAME=LABEL",
    "labels of further entities in the names of files, such as res=2 or feature=corrMatrix",
)
_SEED = number("--seed", "decides all results", 0, least=0)
_N_JOBS = number("--n-jobs", "folds side by side; -1: all cores", 1)
_LABELS = text(
    "--labels FILE",
    "table (.csv, .tsv) of ROI names: columns index (or code) and name (or label)",
    type=expanduser,
)
_QUIET = switch("--quiet", "print nothing but the table")

MODELS = {
    "classes": ["lstm-dg", "lstm-h", "lstm-d", "lstm-s", "fc-svm"],
    "continuous": ["lstm-dg-regress", "fc-ridge-regress", "fc-svr", "mean"],
}
"""Which models are compared by default, by the kind of target."""

_PCP = (
    text("--atlas", "aal, ho, cc200, ...", "aal"),
    choice("--pipeline", ("ccs", "cpac", "dparsf", "niak"), "PCP's pipeline"),
    yes_or_no("--band-pass-filtering", "PCP's scans filtered to 0.01-0.1 Hz"),
    yes_or_no("--global-signal-regression", "PCP's scans with the global signal regressed"),
    switch("--quality-checked", "only subjects that PCP's raters passed"),
)
PCP_DEFAULTS = {option.destination: option.settings.get("default", False) for option in _PCP}

_REAL_SCANS = (
    text(
        "--data-dir DIR",
        "folder that contains ABIDE_pcp/ as nilearn downloads it",
    ),
    *_PCP,
    several(
        "--sites SITE",
        "sites to load: UM is UM_1 and UM_2 as one site, UM_1 is only that (default: all)",
    ),
    several(
        "--unlabeled-sites SITE",
        "further sites, never tested: their controls are what dtl pretrains on, beside those of "
        "the other sites compared",
    ),
    text(
        "--resample-to SECONDS",
        "bring all scans to this repetition time (the paper: 2)",
        type=float,
    ),
)

_OWN_SCANS = (
    text(
        "--bids DIR",
        "folder of derivatives with *_timeseries.tsv, as XCP-D, giga_connectome and HALFpipe write "
        "them; --atlas is then the label of one (default: the only one)",
    ),
    text("--table FILE", "or a table (.csv, .tsv) with one row a scan"),
    text("--target COLUMN", "column of the classes, or of a quantity such as age"),
    text(
        "--target-kind KIND",
        "classes or continuous (default: numbers with fractions, and more than ten different "
        "numbers, are continuous; all else has classes)",
        choices=("classes", "continuous"),
    ),
    text("--positive NAME", "the positive class of two (default: the last by alphabet)"),
    text("--site COLUMN", "column of sites, each compared on its own (default: one site)"),
    text("--group COLUMN", "column of what folds must not divide (default: participants)"),
)
_OWN_BIDS = (
    text(
        "--participants FILE",
        "table of participants (default: participants.tsv in DIR or a folder above)",
    ),
    text("--task LABEL", "as --space and --desc: needed where there are several"),
    text("--space LABEL", "such as MNI152NLin2009cAsym"),
    text("--desc LABEL", "such as denoised"),
    several("--session LABEL", "sessions to load (default: all)"),
    several("--runs LABEL", "runs to load (default: all)"),
    _ENTITIES,
    text(
        "--max-missing PROPORTION",
        "leave out a scan with missing points (n/a) in more than this of its ROIs (default: 0.1)",
        type=float,
    ),
)
_OWN_TABLE = (
    text(
        "--scans COLUMN",
        "column of the files, or the folder of files that are named as the participants are "
        "(default: scan)",
    ),
    text("--t-r COLUMN", "column of repetition times in seconds, or the one of all"),
)
_ANY_SCANS = {"atlas": "data_dir bids", "resample_to": "data_dir bids table"}
NEEDS = {
    option.destination: _ANY_SCANS.get(option.destination, sources).split()
    for options, sources in (
        (_REAL_SCANS, "data_dir"),
        (_OWN_SCANS, "bids table"),
        (_OWN_BIDS, "bids"),
        (_OWN_TABLE, "table"),
    )
    for option in options
    if option.destination not in ("data_dir", "bids", "table")
}
"""Of which scans an option is: those of one of the options that choose scans."""

_DEMO = Command(
    "demo",
    "the demonstration (also without a command)",
    INTRODUCTION,
    "",
    (
        text("--out DIR", "results folder", "lstmdg-results", type=expanduser),
        number("--n-jobs", "folds side by side", 2),
        _SEED,
    ),
    {
        **{"sites": None, "permute_labels": None, "folds": 5, "repeats": 1},
        **dict.fromkeys(("quiet", "save_models"), False),
    },
)

_COMPARE = Command(
    "compare",
    "compare models on your scans, ABIDE's, or simulated ones",
    """\
Compare models on your scans or ABIDE's, site by site, by the paper's cross-validation: a subject is
either trained on or tested, never both. Every finished fold is kept, so that the same command goes
on where it was interrupted.""",
    """\
example, NYU's subjects with the Harvard-Oxford atlas, all five models:
  lstmdg compare --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression --regress-global-mean --n-jobs 2 --out nyu

scans of one's own, from XCP-D's derivatives and participants.tsv, and from a table of files:
  lstmdg compare --bids study/derivatives/xcp_d --target diagnosis --positive patient --site site \\
      --atlas 4S156Parcels --confounds func_mean_fd age --out study-results
  lstmdg compare --table scans.csv --target group --t-r 2 --out table-results

age in place of classes, by regressors:
  lstmdg compare --bids study/derivatives/xcp_d --target age --scheme pooled --site site --out age

a first look within a minute (simulated scans, fewer windows and folds):
  lstmdg compare --models fc-svm --step 10 --folds 3 --out first-look

on a cluster (on SLURM, dask_jobqueue.SLURMCluster gives the address; --out is on a shared disk):
  lstmdg compare --dask tcp://node7:8786 --data-dir /shared/abide --out /shared/nyu""",
    (
        "ABIDE scans",
        *_REAL_SCANS,
        "your scans",
        *_OWN_SCANS,
        "your scans, with --bids",
        *_OWN_BIDS,
        "your scans, with --table",
        *_OWN_TABLE,
        "simulated scans (without --data-dir, --bids and --table)",
        number("--subjects", "how many (default: 40)", least=2),
        "models",
        several(
            "--models MODEL",
            f"for classes, which of {', '.join(model_names('classifier'))} (default: the first "
            f"five); for a quantity, of {', '.join(model_names('regressor'))} (default: "
            f"{', '.join(MODELS['continuous'])})",
        ),
        number("--length", "time points of a window", 30, least=1),
        number(
            "--step", "time points from one window to the next; 5 is five times faster", 1, least=1
        ),
        switch(
            "--regress-global-mean",
            "regress the mean over ROIs from each scan, which does what PCP's global signal "
            "regression does where that was not applied",
        ),
        "cross-validation",
        choice(
            "--scheme",
            ("within-site", "leave-one-site-out", "pooled"),
            "each site on its own, each tested by the others, or folds over all sites' subjects",
        ),
        number("--folds", "folds of a partition, at least 3", 10, least=3),
        number("--repeats", "partitions into folds", 1, least=1),
        _N_JOBS,
        text(
            "--dask ADDRESS",
            "run the folds on the workers of a Dask cluster, given its scheduler's address",
        ),
        _SEED,
        number(
            "--permute-labels SEED",
            "permute labels, or the quantity, within sites first, to see what chance gives",
            least=0,
        ),
        several(
            "--confounds COLUMN",
            "beside the models, judge a logistic (or ridge) regression on these columns of the "
            "phenotypic table alone (none named: head motion, age, sex and site, with --bids head "
            "motion)",
            nargs="*",
        ),
        text("--out DIR", "results folder", "lstmdg-compare", type=expanduser),
        switch(
            "--save-models",
            "keep the model of each fold, in DIR/models, for lstmdg predict; folds that were "
            "finished without are fitted again",
        ),
        _QUIET,
    ),
    dict.fromkeys(PCP_DEFAULTS),  # None: not given, which without scans of ABIDE is right
)

_OF_TRAINING = ("target", "target_kind", "positive", "site", "unlabeled_sites")
_NEW_SCANS = (
    "new scans",
    *(option for option in _OWN_SCANS if option.destination not in _OF_TRAINING),
    "new scans, with --bids",
    *_OWN_BIDS,
    "new scans, with --table",
    *_OWN_TABLE,
    "or ABIDE's",
    *(option for option in _REAL_SCANS if option.destination not in _OF_TRAINING),
)

_PREDICT = Command(
    "predict",
    "class probabilities of new scans, from the models of a comparison",
    """\
Predict new scans by saved models, which "lstmdg compare --save-models" keeps; by several, such as
the folds of one model, with the mean of their probabilities. The ROIs must be those of the
training, in their order.""",
    """\
example, models of a comparison in the folder results, and the scans of a clinic:
  lstmdg predict results/models/lstm-dg__* --bids clinic/derivatives/xcp_d --out clinic.csv""",
    (
        several("models MODEL", "model files"),
        text("--out FILE", "table (CSV) of the results (default: it is printed)", type=expanduser),
        switch("--quiet", "print nothing where there is --out"),
        *_NEW_SCANS,
    ),
    dict.fromkeys((*PCP_DEFAULTS, *_OF_TRAINING, "confounds", "subjects")),
)

_COMMUNITIES = Command(
    "communities",
    "sizes and robustness of the communities of a comparison",
    """\
Take the communities of a finished "lstmdg compare": how large they are, and how well those of
different folds agree, beside what permuted ROI labels give. No network is trained again.""",
    """\
example, the communities of a comparison in the folder nyu, beside those of tensor decomposition:
  lstmdg communities nyu --parafac --n-jobs 2""",
    (
        _FOLDER,
        several(
            "--model MODEL",
            "models of the comparison that have memberships (default: the first of them)",
        ),
        number("--permutations", "permutations of the ROI labels", 100, least=2),
        number("--seed", "decides permutations and PARAFAC", 0, least=0),
        _QUIET,
        "tensor decomposition",
        switch(
            "--parafac",
            "also decompose the connectivity of the training scans of the same folds; reads the "
            "scans as the comparison did, and keeps every finished fold in DIR/parafac",
        ),
        number("--parafac-step", "time points from one window to the next", 5, least=1),
        _N_JOBS,
    ),
)

_DECODE = Command(
    "decode",
    "draw the top communities of a comparison on the brain and find their terms",
    """\
Draw the most influential communities of each site's best fold on the brain, and rank the terms that
go with them. The best fold has the highest test accuracy (then the highest AUC, then the lowest
validation loss): it is chosen by its test subjects, for display only, never for a result.""",
    """\
example, with the mask that PCP averaged over and Neurosynth's topics, and then the page:
  lstmdg decode nyu --atlas ho_mask_pad.nii.gz --labels ho_labels.csv --maps neurosynth \\
      --threshold 0.05
  lstmdg report nyu""",
    (
        _FOLDER,
        text("--model MODEL", "whose communities (default: the first model that has an influence)"),
        number("--top", "how many communities", 3, least=1),
        number("--seed", "decides the null sets of ROIs", 0, least=0),
        switch("--quiet", "print nothing but the results' name"),
        "atlas",
        text(
            "--atlas IMAGE",
            "label image that the series were averaged over; aal, harvard-oxford and cc200 are "
            "downloaded by nilearn",
            required=True,
        ),
        _LABELS,
        text(
            "--roi-codes FILE",
            "atlas codes of the scans' ROIs, in their order, for example one of the .1D files "
            "(default: as the comparison kept them, else all codes of the atlas)",
        ),
        "terms",
        text(
            "--maps DIR",
            "folder with one NIfTI map per term, or with the files of Neurosynth or NeuroQuery "
            "(default: no terms)",
        ),
        text("--vocabulary NAME", "which one, where the folder has several", ""),
        text(
            "--threshold",
            "weight above which a study uses a term; 0.05 for topics",
            0.001,
            type=float,
        ),
        number("--permutations", "null sets of ROIs", 1000, least=1),
    ),
)

_REPORT = Command(
    "report",
    "write a results folder as one HTML page",
    """\
Turn a results folder into one HTML page that needs no network: what was run and on whom, the
comparison with its tests, what chance gives, confusion, calibration, ROC and training curves, each
subject, robustness of communities, the top communities on the brain, and a paragraph for a paper.
All that it shows is in a JSON file beside it.""",
    """\
examples:
  lstmdg report nyu
  lstmdg report nyu --out paper/nyu.html --reference lstm-h --title "NYU, Harvard-Oxford"
  xdg-open "$(lstmdg report nyu --quiet)\"""",
    (
        _FOLDER,
        text("--out FILE", "the page (default: report.html in DIR)", type=expanduser),
        text(
            "--reference MODEL",
            "the model that the others are tested against (default: lstm-dg, else the first)",
        ),
        text("--title", "the page's title (default: the folder's name)"),
        several(
            "--permuted DIR",
            'folders of the same comparison with "--permute-labels" (default: those in DIR)',
        ),
        text(
            "--atlas IMAGE",
            "label image of the ROIs, to draw communities on the brain (default: atlases/ beside "
            "ABIDE_pcp/, or the dseg.nii.gz of the derivatives, where it is)",
            type=expanduser,
        ),
        _LABELS,
        switch("--quiet", "print nothing but the page's name"),
    ),
)

_EXTRACT = Command(
    "extract",
    "average fMRIPrep's images over an atlas, as scans to compare",
    """\
Average fMRIPrep's images over an atlas, cleaned of what confounds explain, by nilearn. DIR becomes
a folder of BIDS derivatives that "lstmdg compare --bids" reads. An image that fails is left out,
and the others go on: left_out.csv says why, and the exit status is then 1. The same command goes on
where it was interrupted.""",
    """\
examples, with an atlas that nilearn downloads, and with a file and the table beside it:
  lstmdg extract study/derivatives/fmriprep --atlas schaefer2018-100 --n-jobs 4 \\
      --out study/derivatives/series
  lstmdg extract study/derivatives/fmriprep --atlas atlas-Mine_dseg.nii.gz --strategy scrubbing \\
      --strategy-options global_signal=basic fd_threshold=0.3 --out study/derivatives/series
  lstmdg compare --bids study/derivatives/series --target diagnosis --out study-results""",
    (
        text("folder FMRIPREP_DIR", "folder of fMRIPrep's derivatives", type=expanduser),
        text("--out DIR", "folder that is written", required=True, type=expanduser),
        text("--n-jobs", "images side by side; -1: all cores", 1, type=int),
        switch("--quiet", "print nothing but the folder's name"),
        "atlas",
        text(
            "--atlas NAME_OR_FILE",
            "aal, harvard-oxford, cc200, schaefer2018-400 (-17: of 17 networks), yeo2011-7, "
            "difumo-64, msdl; or an image of codes, or of one map each region",
            required=True,
        ),
        text(
            "--labels FILE",
            "table (.tsv, .csv) of names: columns index and name, or label (default: the one "
            "beside the image, of the same name)",
        ),
        text(
            "--min-coverage SHARE",
            "of a region within the brain mask, below which its series is missing",
            0.5,
            type=float,
        ),
        "cleaning",
        choice(
            "--strategy",
            ("simple", "scrubbing", "compcor", "ica_aroma"),
            "of nilearn's load_confounds_strategy",
        ),
        several("--strategy-options NAME=VALUE", "such as global_signal=basic fd_threshold=0.3"),
        text("--smoothing-fwhm MM", "smooth by a Gaussian before", type=float),
        text("--low-pass HZ", "remove what is faster", type=float),
        text("--high-pass HZ", "remove what is slower", type=float),
        "images",
        several("--task LABEL", "needed where there are several"),
        text("--space LABEL", "such as MNI152NLin2009cAsym, needed where there are several"),
        text("--desc LABEL", "(default: preproc)"),
        several("--session LABEL", "sessions to read (default: all)"),
        several("--runs LABEL", "runs to read (default: all)"),
        _ENTITIES,
    ),
)

_FETCH = Command(
    "fetch",
    "download ABIDE scans",
    """\
Download ABIDE I's preprocessed ROI series (Preprocessed Connectomes Project) through nilearn, once:
files that are there already are kept. Their use is for non-commercial research, with attribution
to ABIDE and the Preprocessed Connectomes Project.""",
    """\
example, NYU's scans with the Harvard-Oxford atlas, and then the comparison on them:
  lstmdg fetch --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression
  lstmdg compare --data-dir ~/nilearn_data --atlas ho --pipeline cpac --sites NYU \\
      --no-global-signal-regression --regress-global-mean --out nyu""",
    (
        text(
            "--data-dir DIR",
            "where ABIDE_pcp/ is made (default: NILEARN_DATA, else ~/nilearn_data)",
        ),
        *_PCP,
        several("--sites SITE", "such as NYU or UM_1 (default: all)"),
        switch("--quiet", "print nothing"),
    ),
)

COMMANDS = (_DEMO, _COMPARE, _PREDICT, _COMMUNITIES, _DECODE, _REPORT, _EXTRACT, _FETCH)
