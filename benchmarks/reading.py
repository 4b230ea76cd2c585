"""Windows per second in prediction: ``predict_proba`` of bags against ``nn.LSTM`` over windows.

Ours projects each point once, however many windows it is in. "AVX2" as in ``training.py``.
"""

import os
from functools import partial

from _measure import main, make_cohort, timed

LENGTH = 30


def ours(size, compiled="1"):
    """``LSTMDGClassifier.predict_proba`` on bags, each window read once."""
    os.environ["LSTMDG_COMPILED"] = compiled
    from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter

    scans, y = make_cohort(size)
    bags = SubsequenceAugmenter(LENGTH).fit_transform(scans)
    model = LSTMDGClassifier(augment=None, max_epochs=1, random_state=0)
    model.fit(bags[:8], y[:8]).predict_proba(bags[:8])
    return {"seconds": timed(lambda: model.predict_proba(bags)), "work": bags[..., 0, 0].size}


def plain(size):
    """All windows of a scan at once through ``nn.LSTM``, without gradients."""
    import torch
    from _torch_net import Net, Windows

    scans, y = make_cohort(size)
    torch.set_num_threads(1)
    net, windows = Net(scans.shape[2]).eval(), Windows(scans, y)

    def read():
        with torch.inference_mode():
            for scan in windows.scans:
                net(scan[:-1].unfold(0, LENGTH, 1).transpose(1, 2).contiguous())

    read()
    return {"seconds": timed(read), "work": len(windows)}


CANDIDATES = {
    "nn.LSTM": plain,
    "LSTMDGClassifier": ours,
    "LSTMDGClassifier, not compiled": partial(ours, compiled="0"),
    "AVX2: nn.LSTM": plain,
    "AVX2: LSTMDGClassifier": ours,
}

if __name__ == "__main__":
    main(CANDIDATES)
