"""The figures of the README and of the study's page, from the tables in ``benchmarks/results``.

    python benchmarks/figures.py --atlases A

``A`` is a folder with the masks that PCP averaged over and their labels (``ho_mask_pad.nii.gz``,
``ho_labels.csv``, ``aal_mask_pad.nii.gz``, ``aal_labels.csv``); without it nothing is drawn on the
brain.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas
from recovery import draw as draw_recovery
from sklearn.utils import Bunch

from sklearn_lstmdg.decoding import load_atlas, plot_communities, plot_terms

RESULTS = Path(__file__).parent / "results"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
SITES = {"nyu": ("NYU", "ho"), "um": ("UM_1", "aal")}


def draw_brains(atlases):
    """Draw each site's three most influential communities, and the terms of the first."""
    for folder, (site, atlas_name) in SITES.items():
        mask, labels = f"{atlas_name}_mask_pad.nii.gz", f"{atlas_name}_labels.csv"
        atlas = load_atlas(str(atlases / mask), labels=str(atlases / labels))
        told = pandas.read_csv(RESULTS / folder / "decoding.csv")
        ranks = [part for _, part in told[told["site"] == site].groupby("rank")]
        drawn = _communities(ranks, atlas.names)
        figure = plt.figure(figsize=(10.4, 5.3))  # small, so that its words are large on a page
        plot_communities(drawn.members, atlas.codes, atlas, figure=figure, **drawn.about)
        figure.savefig(IMAGES / f"communities_{folder}.png", dpi=88)
        ax = plot_terms(ranks[0].assign(term=ranks[0]["term"].map(_words)))
        ax.figure.savefig(IMAGES / f"terms_{folder}.png", dpi=80)


def _communities(ranks, names):
    """Return members by column as in the fold, with influence and the best term."""
    columns = [part["community"].iloc[0] for part in ranks]
    members = np.zeros((len(names), max(columns) + 1), dtype=bool)
    influence = np.zeros(max(columns) + 1)
    for column, part in zip(columns, ranks, strict=True):
        members[:, column] = np.isin(names, part["rois"].iloc[0].split("; "))
        influence[column] = part["influence"].iloc[0]
    terms = {c: [_words(p["term"].iloc[0])] for c, p in zip(columns, ranks, strict=True)}
    return Bunch(members=members, about={"influence": influence, "terms": terms})


def _words(topic):
    """Return a topic's words without its number, two at most."""
    return " ".join(topic.split("_")[1:3])


def main():
    """Draw all figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--atlases", type=Path)
    args = parser.parse_args()
    draw_recovery(pandas.read_csv(RESULTS / "recovery.csv"), IMAGES / "recovery.png", dpi=80)
    if args.atlases is not None:
        draw_brains(args.atlases)


if __name__ == "__main__":
    main()
