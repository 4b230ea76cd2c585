"""Named settings, which later defaults do not change."""

from sklearn_lstmdg import LSTMDGClassifier
from sklearn_lstmdg.presets import CLASSIFY, COMMUNITIES, PAPER


def test_presets_name_the_same_parameters():
    names, of_the_class = set(PAPER), LSTMDGClassifier().get_params()
    for preset in (PAPER, CLASSIFY, COMMUNITIES):
        assert set(preset) == names <= set(of_the_class)


def test_three_nets_of_the_defaults_classify():
    defaults = LSTMDGClassifier().get_params()
    assert {name for name, value in CLASSIFY.items() if defaults[name] != value} == {"n_nets"}


def test_eight_nets_that_generate_more_find_communities():
    told = {name: value for name, value in COMMUNITIES.items() if CLASSIFY[name] != value}
    assert told == {"discriminative_weight": 0.1, "n_nets": 8}
