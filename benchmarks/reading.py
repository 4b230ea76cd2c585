"""Windows per second in prediction: ``predict_proba`` of bags against ``nn.LSTM`` over windows."""

import os
from functools import partial

from _measure import main, make_cohort, timed
from training import LENGTH, _torch_net, _windows


def ours(size, compiled="1"):
    """``LSTMDGClassifier.predict_proba`` on bags."""
    os.environ["LSTMDG_COMPILED"] = compiled
    from sklearn_lstmdg import LSTMDGClassifier, SubsequenceAugmenter

    scans, y = make_cohort(size)
    bags = SubsequenceAugmenter(LENGTH).fit_transform(scans)
    model = LSTMDGClassifier(max_epochs=1, validation_fraction=0, random_state=0)
    model.fit(bags[:8], y[:8]).predict_proba(bags[:8])
    return {"seconds": timed(lambda: model.predict_proba(bags)), "work": bags[..., 0, 0].size}


def plain(size):
    """Batches of 512 windows through ``nn.LSTM``, without gradients."""
    scans, y = make_cohort(size)
    torch, make_net = _torch_net(scans.shape[2])
    torch.set_num_threads(1)
    net, windows = make_net().eval(), _windows(scans, y)

    def read():
        with torch.inference_mode():
            for scan in windows.scans_:
                net(scan[:-1].unfold(0, LENGTH, 1).transpose(1, 2).contiguous())

    read()
    return {"seconds": timed(read), "work": len(windows)}


CANDIDATES = {
    "nn.LSTM": plain,
    "LSTMDGClassifier": ours,
    "LSTMDGClassifier, not compiled": partial(ours, compiled="0"),
}

if __name__ == "__main__":
    main(CANDIDATES)
