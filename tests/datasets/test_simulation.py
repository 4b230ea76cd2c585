import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from sklearn_lstmdg.datasets import make_scans


def connectivity(scans):
    upper = np.triu_indices(scans[0].shape[1], 1)
    return np.array([np.corrcoef(scan.T.astype(float))[upper] for scan in scans])


def mean_auc(effect_size):
    """AUC of a linear model on connectivity, over four cohorts of 60."""
    scores = []
    for seed in range(4):
        cohort = make_scans(60, 120, 24, 4, effect_size, random_state=seed)
        features, model = connectivity(cohort.data), LogisticRegression(C=0.01)
        scores += list(cross_val_score(model, features, cohort.target, scoring="roc_auc"))
    return np.mean(scores)


def test_bunch_has_the_form_of_a_cohort():
    cohort = make_scans(11, 100, 30, 5, n_sites=2, random_state=0)
    assert cohort.data.shape == (11, 100, 30) and cohort.data.dtype == np.float32
    assert np.isfinite(cohort.data).all()
    assert np.bincount(cohort.target).tolist() == [6, 5]
    assert len(set(cohort.groups)) == 11
    assert {(s, t) for s, t in zip(cohort.sites, cohort.target, strict=True)} == {
        (site, label) for site in ("SITE_1", "SITE_2") for label in (0, 1)
    }
    assert len(cohort.roi_codes) == 30 and len(cohort.t_r) == 11
    assert (cohort.phenotypic["DX_GROUP"] == 2 - cohort.target).all()
    assert (cohort.phenotypic["SUB_ID"] == cohort.groups).all()


def test_same_seed_same_scans_and_nothing_global_is_drawn():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (make_scans(4, random_state=seed).data for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_ragged_scans_differ_in_length():
    cohort = make_scans(10, 100, ragged=True, random_state=0)
    lengths = {len(scan) for scan in cohort.data}
    assert isinstance(cohort.data, list) and len(lengths) > 1
    assert min(lengths) >= 75 and max(lengths) <= 100


def test_communities_overlap_and_are_what_membership_says():
    cohort = make_scans(2, n_rois=200, n_communities=5, overlap=0.3, random_state=0)
    assert cohort.membership.min() == 0
    np.testing.assert_array_equal(cohort.communities, cohort.membership > 0)
    per_roi = cohort.communities.sum(axis=1)
    assert set(per_roi) == {1, 2}
    assert 0.2 < (per_roi == 2).mean() < 0.4
    assert (make_scans(2, overlap=0, random_state=0).communities.sum(axis=1) == 1).all()


def test_rois_of_a_community_fluctuate_together():
    cohort = make_scans(10, overlap=0, effect_size=0, random_state=0)
    together = (cohort.communities @ cohort.communities.T)[np.triu_indices(60, 1)]
    mean = connectivity(cohort.data).mean(axis=0)
    assert mean[together].min() > 0.15
    assert abs(mean[~together]).mean() < 0.1


def test_fluctuations_lie_in_the_band_and_predict_the_next_point():
    scans = make_scans(4, 400, 20, random_state=0).data.astype(float)
    scans -= scans.mean(axis=1, keepdims=True)
    power = (np.abs(np.fft.rfft(scans, axis=1)) ** 2).mean(axis=(0, 2))
    frequency = np.fft.rfftfreq(400, 2.0)
    assert power[(frequency >= 0.01) & (frequency <= 0.1)].sum() > 0.9 * power.sum()
    past = np.stack([scans[:, 4 - lag : -lag].ravel() for lag in range(1, 5)], axis=1)
    now = scans[:, 4:].ravel()
    residual = now - past @ np.linalg.lstsq(past, now, rcond=None)[0]
    assert residual.var() < 0.1 * now.var()


def test_groups_differ_in_the_discriminative_communities_only():
    cohort = make_scans(100, effect_size=0.6, overlap=0, random_state=0)
    rows, columns = np.triu_indices(60, 1)
    features = connectivity(cohort.data)
    gap = features[cohort.target == 0].mean(axis=0) - features[cohort.target == 1].mean(axis=0)
    inside = cohort.communities[:, cohort.discriminative_communities].any(axis=1)
    assert gap[inside[rows] & inside[columns]].mean() > 0.1
    assert abs(gap[~inside[rows] & ~inside[columns]].mean()) < 0.02


def test_discriminative_communities_fluctuate_less_in_autism():
    cohort = make_scans(20, effect_size=0.6, noise=0, overlap=0, site_effect=0, random_state=0)
    spread = np.log(cohort.data.std(axis=1))
    gap = spread[cohort.target == 0].mean(axis=0) - spread[cohort.target == 1].mean(axis=0)
    inside = cohort.communities[:, cohort.discriminative_communities].any(axis=1)
    assert 0.4 < gap[inside].mean() < 0.8
    assert abs(gap[~inside].mean()) < 0.15


def test_effect_size_sets_how_well_groups_are_told_apart():
    assert abs(mean_auc(0) - 0.5) < 0.1
    assert 0.7 < mean_auc(0.3) < 0.97
    assert mean_auc(1.0) > 0.97


def test_sites_differ_as_much_as_asked():
    def spread(site_effect):
        cohort = make_scans(20, n_sites=2, site_effect=site_effect, random_state=0)
        means = [cohort.data[cohort.sites == s].mean(axis=(0, 1)) for s in ("SITE_1", "SITE_2")]
        return np.abs(means[0] - means[1]).mean()

    assert spread(0) < 0.1 < 0.3 < spread(0.5)


def test_one_community_is_enough():
    cohort = make_scans(4, n_communities=1, random_state=0)
    assert cohort.discriminative_communities.tolist() == [0]
    assert np.isfinite(cohort.data).all()


@pytest.mark.parametrize(
    "name, value",
    [
        ("n_subjects", 1),
        ("n_communities", 61),
        ("n_sites", 21),
        ("effect_size", -1),
        ("overlap", 1.5),
        ("t_r", 5.0),
        ("noise", -1),
        *((name, np.nan) for name in ("effect_size", "overlap", "t_r", "noise", "site_effect")),
        ("subject_variability", np.inf),
    ],
)
def test_parameters_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=name):
        make_scans(**{name: value})


def test_a_continuous_target_is_the_severity_of_the_difference():
    cohort = make_scans(
        200, 150, 24, 4, effect_size=1.0, continuous=True, overlap=0, random_state=0
    )
    severity = cohort.target
    assert severity.min() >= 0 and severity.max() <= 100 and len(set(severity)) == 200
    np.testing.assert_array_equal(severity >= 50, cohort.phenotypic["DX_GROUP"] == 1)
    rows, columns = np.triu_indices(24, 1)
    features = connectivity(cohort.data)
    first, second = (cohort.communities[:, k] for k in (0, 1))
    between = (first[rows] & second[columns]) | (second[rows] & first[columns])
    coupling = features[:, between].mean(axis=1)
    assert np.corrcoef(severity, coupling)[0, 1] < -0.6
    for half in (severity < 50, severity >= 50):  # within the groups too
        assert np.corrcoef(severity[half], coupling[half])[0, 1] < -0.3
