"""Tell whether communities are alike because of the data, or of the first weights they share.

    python benchmarks/first_weights.py --data-dir D > benchmarks/results/first_weights.md

NYU, one net of presets.COMMUNITIES. From the same first weights: two folds, the same with shuffled
ROIs in one of them, disjoint halves of the subjects, and the first weights themselves; the halves
by PARAFAC too.
"""

import argparse

import numpy as np
import torch
from common_communities import load
from sklearn.model_selection import StratifiedKFold

from sklearn_lstmdg import LSTMDGClassifier, ParafacCommunities, SubsequenceAugmenter
from sklearn_lstmdg.presets import COMMUNITIES

TRAINING = COMMUNITIES | {"n_nets": 1, "init_seed": 0}


def match(one, other):
    """Return the mean over one's columns of the correlation with the most alike of the other."""
    one, other = (m[:, m.std(axis=0) > 1e-9] for m in (one, other))
    n = one.shape[1]
    return np.corrcoef(one.T, other.T)[:n, n:].max(axis=1).mean()


def main():
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data-dir", required=True)
    scans, y = load(parser.parse_args().data_dir, "NYU")
    torch.set_num_threads(1)

    def learn(rows, rois=slice(None), **others):
        bags = SubsequenceAugmenter(30).fit_transform([scans[i][:, rois] for i in rows])
        model = LSTMDGClassifier(random_state=0, **TRAINING | others)
        return model.fit(bags, y[rows]).membership_

    def factorise(rows):
        bags = SubsequenceAugmenter(30, 15, horizon=0).fit_transform([scans[i] for i in rows])
        return ParafacCommunities(n_communities=50, random_state=0).fit(bags).membership_

    folds = [train for train, _ in StratifiedKFold(10, shuffle=True, random_state=0).split(y, y)]
    halves = np.array_split(np.random.default_rng(0).permutation(len(y)), 2)
    shuffled = np.random.default_rng(1).permutation(scans[0].shape[1])
    first = learn(folds[0])
    alike = {
        "two folds": match(first, learn(folds[1])),
        "two folds, ROIs shuffled in one": match(first, learn(folds[1], shuffled)),
        "disjoint halves of the subjects": match(*map(learn, halves)),
        "first weights and what became of them": match(
            learn(folds[0], max_updates=1, lr=1e-9), first
        ),
        "disjoint halves, by PARAFAC": match(*map(factorise, halves)),
    }
    show(alike)


def show(alike):
    """Print the correlations as a table."""
    print("One net from the same first weights, NYU: correlation of each community with the most")
    print("alike of the other side.\n")
    print("| compared | correlation |\n| --- | --- |")
    for words, correlation in alike.items():
        print(f"| {words} | {correlation:.3f} |")


if __name__ == "__main__":
    main()
