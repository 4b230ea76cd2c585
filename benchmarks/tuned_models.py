"""The window models over three partitions, with the training choices of ``training_choices.py``.

    python benchmarks/tuned_models.py --site NYU --data-dir D --out DIR

A site's networks are trained as the other site's judging subjects favour, so that nobody who is
tested had a say. All networks of a site get the same choices; pretraining is for those that
generate, at NYU on the scans of three more sites as well. FC-SVM is as ever. The same command goes
on where it was interrupted, and the folder is one of ``lstmdg compare``.
"""

import argparse

from training_choices import SITES, SOURCES

from sklearn_lstmdg.datasets import load_abide
from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.models import make_model

VARIANTS = "dg", "h", "d", "s"
GENERATIVE = "dg", "h"
CHOICES = {
    "NYU": {"monitor": "accuracy", "n_nets": 3},
    "UM_1": {"monitor": "accuracy", "n_nets": 3, "input_noise": 1.2},
}
PRETRAIN_EPOCHS = 20


def make_models(site, step, regress_global_mean):
    """Return the four networks and FC-SVM, all from raw scans."""

    def make(name, **parameters):
        return make_model(name, 30, step, regress_global_mean, **parameters)

    epochs = {variant: PRETRAIN_EPOCHS * (variant in GENERATIVE) for variant in VARIANTS}
    networks = {
        f"lstm-{variant}": make(f"lstm-{variant}", pretrain_epochs=n, **CHOICES[site])
        for variant, n in epochs.items()
    }
    return networks | {"fc-svm": make("fc-svm")}


def load(site, data_dir, **instead):
    """Return the cohort of a site."""
    where = SITES[site][0] | instead
    return load_abide(data_dir, pipeline="cpac", band_pass_filtering=True, **where)


def main():
    """Compare and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", choices=SITES, required=True)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--models", nargs="+", help="some of the five (default: all)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--step", type=int, default=5)
    parser.add_argument("--n-jobs", type=int, default=1)
    args = parser.parse_args()
    cohort, source = load(args.site, args.data_dir), None
    if args.site in SOURCES:
        source = load(args.site, args.data_dir, sites=SOURCES[args.site]).data
    models = make_models(args.site, args.step, SITES[args.site][1])
    comparison = compare_models(
        {name: models[name] for name in args.models or models},
        cohort.data,
        cohort.target,
        groups=cohort.groups,
        sites=cohort.sites,
        n_repeats=args.repeats,
        n_jobs=args.n_jobs,
        out=args.out,
        random_state=0,
        verbose=1,
        X_unlabeled=source,
    )
    print(comparison.summary().round(3).to_string())


if __name__ == "__main__":
    main()
