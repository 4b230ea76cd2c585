"""What goes which way through a Pipeline."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_lstmdg import CommunityExtractor, LSTMDGClassifier
from sklearn_lstmdg._routing import (
    fit_arguments,
    follow,
    last_step,
    pretrains,
    request_metadata,
    set_random_states,
    unfold,
)
from sklearn_lstmdg.models import make_model, model_names


class Grouped(StandardScaler):
    def fit(self, X, y=None, groups=None, validation=None):
        return super().fit(X)


class Pretrained(BaseEstimator):
    def __init__(self, pretrain_epochs=3):
        self.pretrain_epochs = pretrain_epochs

    def fit(self, X, y, groups=None, validation=None, X_unlabeled=None):
        return self


VALUES = {"groups": [1], "validation": [True], "X_unlabeled": [2]}


def test_a_fit_gets_what_it_takes_and_what_is_none_goes_nowhere():
    assert fit_arguments(Pretrained(), **VALUES) == VALUES
    assert fit_arguments(Pretrained(), groups=[1]) == {"groups": [1]}
    assert fit_arguments(Grouped(), **VALUES) == {"groups": [1], "validation": [True]}
    assert fit_arguments(LogisticRegression(), **VALUES) == {}


@pytest.mark.parametrize("routing", [False, True])
def test_a_search_gets_groups_alone(routing):
    search = GridSearchCV(LogisticRegression(), {"C": [1]})
    with config_context(enable_metadata_routing=routing):
        assert "validation" not in fit_arguments(search, **VALUES)
        assert fit_arguments(search) == {}


def test_without_routing_names_of_steps_are_prefixes():
    inner = make_pipeline(Grouped(), "passthrough", Pretrained())
    told = fit_arguments(make_pipeline(Grouped(), inner), **VALUES)
    assert told == {
        "grouped__groups": [1],
        "pipeline__grouped__groups": [1],
        **{f"pipeline__pretrained__{name}": value for name, value in VALUES.items()},
    }


def test_with_routing_the_last_step_alone_requests_the_mask_and_the_rows():
    pipeline = make_pipeline(Grouped(), make_pipeline("passthrough", Pretrained()))
    with config_context(enable_metadata_routing=True):
        assert fit_arguments(make_pipeline(Grouped()), groups=[1]) == {}, "nothing is requested"
        request_metadata(pipeline)
        assert fit_arguments(pipeline, **VALUES) == VALUES
        requests = pipeline[0].get_metadata_routing().fit.requests
    assert requests == {"groups": True, "validation": False}
    assert pipeline.transform_input == pipeline[-1].transform_input == ["X_unlabeled"]


def test_what_pretrains():
    assert pretrains(make_pipeline(Grouped(), Pretrained()))
    assert not pretrains(Pretrained(pretrain_epochs=0))
    assert not pretrains(Grouped())
    assert {name for name in model_names() if pretrains(make_model(name))} == {"dtl"}
    assert pretrains(make_model("hmm", transductive=True))


def test_the_last_step_of_pipelines_and_searches():
    model = LogisticRegression()
    search = GridSearchCV(model, {"C": [1.0]}, cv=2).fit([[0.0], [1], [2], [3]], [0, 1, 0, 1])
    assert last_step(make_pipeline(StandardScaler(), search)) is search.best_estimator_


class Sampler(BaseEstimator):
    def fit_resample(self, X, y):
        return X, y


def test_steps_are_unfolded_in_pipelines_searches_and_frozen_ones():
    model = LogisticRegression()
    search = GridSearchCV(model, {"C": [1.0]}, cv=2).fit([[0.0], [1], [2], [3]], [0, 1, 0, 1])
    outer, inner = StandardScaler(), StandardScaler()
    last = make_pipeline(None, inner, FrozenEstimator(search))
    pipeline = FrozenEstimator(make_pipeline("passthrough", outer, Sampler(), last))
    assert unfold(pipeline) == [outer, inner, search.best_estimator_]
    assert unfold(model) == [model]


def test_x_is_followed_to_the_last_step():
    X, y = np.arange(8.0).reshape(-1, 1), np.tile([0, 1], 4)
    pipeline = make_pipeline(StandardScaler(), make_pipeline("passthrough", LogisticRegression()))
    last, read = follow(pipeline.fit(X, y), X)
    assert last is pipeline[-1][-1]
    np.testing.assert_array_equal(read, pipeline[0].transform(X))
    assert follow(last, X)[1] is X


def test_every_random_state_gets_a_seed_by_the_order_of_names():
    pipeline = make_pipeline(CommunityExtractor(LSTMDGClassifier()), LogisticRegression())
    set_random_states(pipeline, lambda n: list(range(n)))
    told = {k: v for k, v in pipeline.get_params().items() if k.endswith("random_state")}
    assert told == {
        "communityextractor__estimator__random_state": 0,
        "communityextractor__random_state": 1,
        "logisticregression__random_state": 2,
    }
