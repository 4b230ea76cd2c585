"""Communities held at a constant."""

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import CommunityExtractor, LSTMDGClassifier, SubsequenceAugmenter
from sklearn_lstmdg.communities import common_shares
from sklearn_lstmdg.explain import WindowLogits, occlude_communities


@pytest.fixture
def without_the_first(pipeline):
    """The Pipeline with a discriminative LSTM that does not read community 0."""
    weights = pipeline[-1].net_.module_.discriminative_lstm.weight_ih_l0
    weights.detach()[:, 0] = 0
    return pipeline


@pytest.mark.parametrize("hold", ["mean", "zero"])
def test_what_is_not_read_is_no_loss(without_the_first, scans, hold):
    told = occlude_communities(without_the_first, scans[0], hold=hold)
    assert told.loss.shape == told.logit_loss.shape == (12, 4)
    np.testing.assert_allclose(told.logit_loss[:, 0], 0, atol=1e-12)
    assert np.abs(told.logit_loss[:, 1:]).max() > 1e-3 and not told.loss[:, 0].any()
    np.testing.assert_array_equal(told.target, 1)


def test_a_community_at_zero_is_as_good_as_not_read(pipeline, scans):
    X, _ = scans
    told = occlude_communities(pipeline, X, hold="zero")
    np.testing.assert_allclose(told.probability, pipeline.predict_proba(X)[:, 1])
    pipeline[-1].net_.module_.discriminative_lstm.weight_ih_l0.detach()[:, 2] = 0
    lost = told.probability - pipeline.predict_proba(X)[:, 1]
    np.testing.assert_allclose(told.loss[:, 2], lost, atol=1e-12)


@pytest.mark.parametrize("augment", [None, ("sign", "reverse")])
def test_the_mean_is_that_of_the_subject_or_of_others(scans, small, augment):
    X, y = scans
    model = LSTMDGClassifier(**{**small, "augment": augment, "aggregation": "mean"}).fit(X, y)
    module = WindowLogits(model).double()
    states = [module.nets[0].community_lstm(w)[0] for w in module.ways(torch.from_numpy(X))]

    def lost(means):
        logits = []
        for h, mean in zip(states, means, strict=True):
            held = h.clone()
            held[..., 1] = mean
            logits.append(module.nets[0].discriminate(held) - module.nets[0].discriminate(h))
        return -torch.stack(logits).mean(dim=0)[:, 0].numpy()

    own = occlude_communities(model, X).logit_loss[:, 1]
    np.testing.assert_allclose(own, lost([h.mean(dim=0)[:, 1] for h in states]), atol=1e-8)
    told = occlude_communities(model, X, reference=X[:5]).logit_loss[:, 1]
    means = [h[:, :5].mean(dim=(0, 1))[1] for h in states]
    np.testing.assert_allclose(told, lost(means), atol=1e-8)


def test_more_classes_and_targets(scans, small):
    X, _ = scans
    model = make_pipeline(SubsequenceAugmenter(6, 3), LSTMDGClassifier(**small))
    model.fit(X, np.arange(12) % 3)
    told = occlude_communities(model, X)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(told.probability, proba.max(axis=1))
    np.testing.assert_array_equal(told.target, proba.argmax(axis=1))
    each = occlude_communities(model, X, target=2)
    np.testing.assert_allclose(each.probability, proba[:, 2])
    binary = model.set_params(lstmdgclassifier__aggregation="mean").fit(X, scans[1])
    first, second = (occlude_communities(binary, X, target=label) for label in (0, 1))
    np.testing.assert_allclose(first.loss, -second.loss, atol=1e-12)
    np.testing.assert_allclose(first.logit_loss, -second.logit_loss, atol=1e-8)


def test_variant_s_and_other_words_are_refused(pipeline, scans, small):
    model = LSTMDGClassifier(variant="s", **small).fit(*scans)
    with pytest.raises(ValueError, match="Variant 's' is one LSTM and has no communities"):
        occlude_communities(model, scans[0])
    with pytest.raises(ValueError, match="hold must be 'mean' or 'zero', got 'one'"):
        occlude_communities(pipeline, scans[0], hold="one")
    with pytest.raises(ValueError, match="target 'x' is not among 0, 1"):
        occlude_communities(pipeline, scans[0], target="x")


@pytest.fixture
def several(scans, small):
    """Three nets that read windows."""
    model = LSTMDGClassifier(**small, n_nets=3)
    return make_pipeline(SubsequenceAugmenter(6, 3), model).fit(*scans)


def make_copies(model):
    """Let all nets be the first, whose communities have no ROI in common."""
    first = model.net_.module_
    first.generative_dense.weight.detach().copy_(torch.eye(4).repeat(2, 1)[:6])
    for net in model.nets_[1:]:
        net.module_.load_state_dict(first.state_dict())


def test_copies_of_a_net_lose_what_one_loses(several, scans, small):
    X, y = scans
    make_copies(several[-1])
    alone = make_pipeline(SubsequenceAugmenter(6, 3), LSTMDGClassifier(**small)).fit(X, y)
    state = several[-1].net_.module_.state_dict()
    alone[-1].net_.module_.load_state_dict(state)
    one, three = (occlude_communities(model, X) for model in (alone, several))
    order = one.membership.T @ three.membership > 0
    np.testing.assert_allclose(three.logit_loss[:, :4], one.logit_loss @ order[:, :4], atol=1e-9)
    np.testing.assert_allclose(three.probability, one.probability)
    np.testing.assert_allclose(three.loss[:, :4], one.loss @ order[:, :4], atol=1e-9)


@pytest.mark.parametrize("hold", ["mean", "zero"])
def test_all_nets_lose_the_share_that_a_common_community_explains(several, scans, hold):
    X, _ = scans
    model = several[-1]
    common = CommunityExtractor(several, prefit=True, n_communities=3).fit(X).membership_
    told = occlude_communities(several, X, hold=hold, common=common)
    assert told.loss.shape == (12, 3)
    np.testing.assert_array_equal(told.membership, common)
    np.testing.assert_allclose(told.probability, several.predict_proba(X)[:, 1], atol=1e-6)
    shares = common_shares(common, model.memberships_)
    windows = torch.from_numpy(several[0].transform(X)[4].astype(float))
    module = WindowLogits(model).double()
    logits = []
    for net, share in zip(module.nets, shares, strict=True):
        h = net.community_lstm(module.ways(windows)[0])[0]
        constant = h.mean(dim=(0, 1)) if hold == "mean" else 0
        kept = h - torch.from_numpy(share[1]) * (h - constant)
        logits.append((net.discriminate(h) - net.discriminate(kept)).mean())
    assert told.logit_loss[4, 1] == pytest.approx(float(sum(logits)) / 3, abs=1e-9)


def test_nets_without_memberships_have_no_communities_in_common(scans, small):
    model = LSTMDGClassifier(variant="d", **small, n_nets=2).fit(*scans)
    with pytest.raises(ValueError, match="'d' has no memberships, by which its 2 nets"):
        occlude_communities(model, scans[0])
    alone = LSTMDGClassifier(variant="d", **small).fit(*scans)
    assert occlude_communities(alone, scans[0]).membership is None
    with pytest.raises(ValueError, match=r"memberships\[0\] has 6 ROIs and common has 5"):
        occlude_communities(LSTMDGClassifier(**small).fit(*scans), scans[0], common=np.eye(5))
