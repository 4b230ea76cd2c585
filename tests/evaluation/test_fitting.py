from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import CommunityExtractor, LSTMDGClassifier
from sklearn_lstmdg.evaluation._fitting import set_random_states


def states(seed):
    extractor = CommunityExtractor(LSTMDGClassifier())
    pipeline = make_pipeline(extractor, LogisticRegression())
    set_random_states(pipeline, seed)
    return {k: v for k, v in pipeline.get_params().items() if k.endswith("random_state")}


def test_every_step_has_a_seed_of_its_own_that_the_fold_s_decides():
    first, other = states(3), states(4)
    assert len(first) == len(set(first.values())) == 3
    assert first == states(3)
    assert not set(first.values()) & set(other.values())
