"""The protocol: folds, what reaches each fit, seeds, results."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_lstmdg import ScanCleaner
from sklearn_lstmdg.datasets import make_scans
from sklearn_lstmdg.evaluation import compare_models
from sklearn_lstmdg.models import make_model
from sklearn_lstmdg.persistence import load_model, read_facts

from _fold_checks import N_ROWS, assert_no_leak, flat_logistic, rows_of
from _stubs import Noise, Recorder, WithoutMask

pandas = pytest.importorskip("pandas")


def test_test_rows_never_reach_fit_and_the_mask_is_the_next_fold(cohort, seen):
    X, y = cohort
    models = {"a": Recorder("a"), "b": make_pipeline("passthrough", Recorder("b"))}
    compare_models(models, X, y, n_folds=5, random_state=0)
    for name in models:
        assert len(seen[name]) == 5
        assert all(call["validation"] is not None for call in seen[name])
        assert_no_leak(seen[name], 5)
    assert [rows_of(c["fit"]) for c in seen["a"]] == [rows_of(c["fit"]) for c in seen["b"]]


def test_other_estimators_train_on_both(cohort, seen):
    X, y = cohort
    compare_models({"a": WithoutMask("a")}, X, y, n_folds=5, random_state=0)
    assert_no_leak(seen["a"], 5)
    assert all(len(call["fit"]) == 24 for call in seen["a"])


def test_repeats_have_folds_and_seeds_of_their_own(cohort):
    comparison = compare_models({"a": Noise()}, *cohort, n_folds=3, n_repeats=2, random_state=0)
    first, second = (comparison.fold("a", repeat=r) for r in (0, 1))
    assert first.seed != second.seed
    assert first.test.tolist() != second.test.tolist()
    counts = comparison.predictions.groupby(["repeat", "subject"]).size()
    assert len(counts) == 2 * N_ROWS and (counts == 1).all()


def test_same_bits_whatever_n_jobs(cohort):
    models = {"noise": Noise(), "logistic": flat_logistic()}
    one, two = (
        compare_models(models, *cohort, n_folds=3, random_state=7, n_jobs=n) for n in (1, 2)
    )
    assert_same_results(one, two)


def assert_same_results(one, two):
    assert one.predictions.equals(two.predictions)
    assert one.folds.drop(columns="seconds").equals(two.folds.drop(columns="seconds"))
    for _, row in one.folds.iterrows():
        key = row["model"], row["site"], row["repeat"], row["fold"]
        for name in ("membership", "influence"):
            np.testing.assert_array_equal(one.fold(*key)[name], two.fold(*key)[name])


def test_results_do_not_depend_on_other_models_and_sites(cohort):
    X, y = cohort
    sites = np.where(np.arange(N_ROWS) < 18, "B", "A")
    models = {"other": Noise(), "noise": Noise()}
    both = compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)
    alone = compare_models(
        {"noise": Noise()}, X[:18], y[:18], sites=sites[:18], n_folds=3, random_state=0
    )
    mine = both.predictions.query("model == 'noise' and site == 'B'").reset_index(drop=True)
    assert mine.equals(alone.predictions)
    other = both.predictions.query("model == 'other' and site == 'B'").reset_index(drop=True)
    assert not np.array_equal(mine["score"], other["score"])


def test_global_generators_are_left_alone(cohort):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    compare_models({"a": Noise()}, *cohort, n_folds=3, random_state=0)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_without_a_seed_runs_differ(cohort):
    runs = [compare_models({"a": Noise()}, *cohort, n_folds=3) for _ in range(2)]
    assert not runs[0].predictions.equals(runs[1].predictions)


def test_confounds_are_a_model_of_their_own(cohort):
    pandas = pytest.importorskip("pandas")
    X, y = cohort
    motion = y + 0.01 * np.arange(N_ROWS)
    confounds = pandas.DataFrame({"motion": motion, "sex": ["F", "M", "M"] * 10})
    confounds.loc[3, "motion"] = np.nan
    comparison = compare_models(
        {"a": flat_logistic()}, X, y, confounds=confounds, n_folds=3, random_state=0
    )
    summary = comparison.summary().set_index("model")
    assert summary.loc["confounds", "auc_pooled"] > 0.9
    tests = [comparison.fold(model).test.tolist() for model in ("a", "confounds")]
    assert tests[0] == tests[1]


def test_pos_label_and_string_labels(cohort):
    X, y = cohort
    names = np.array(["control", "asd"], dtype=object)[y]
    default = compare_models({"a": flat_logistic()}, X, names, n_folds=3, random_state=0)
    chosen = compare_models(
        {"a": flat_logistic()}, X, names, n_folds=3, random_state=0, pos_label="asd"
    )
    assert default.pos_label == "control" and chosen.pos_label == "asd"
    one, two = default.summary().iloc[0], chosen.summary().iloc[0]
    assert one["tpr"] == two["tnr"] and one["auc"] == pytest.approx(two["auc"])
    scores = default.predictions["score"], chosen.predictions["score"]
    np.testing.assert_allclose(scores[0], 1 - scores[1], atol=1e-6)


def test_warnings_of_models_are_reported_once_with_a_count(cohort):
    X, y = cohort
    with pytest.warns(UserWarning, match="'a' warned in 3 of its folds.*Convergence") as caught:
        comparison = compare_models(
            {"a": flat_logistic(max_iter=1)}, X, y, n_folds=3, random_state=0
        )
    assert len(caught) == 1
    assert "ConvergenceWarning" in comparison.fold("a").warnings[0]


def test_no_warning_without_a_reason(cohort):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare_models({"a": flat_logistic()}, *cohort, n_folds=3, random_state=0)


class Stopped(Noise):
    """Keeps an epoch, and has validated on some rows or on none."""

    def __init__(self, best_epoch=1, n_iter=5, n_validation=None, random_state=None):
        super().__init__(random_state=random_state)
        self.best_epoch = best_epoch
        self.n_iter = n_iter
        self.n_validation = n_validation

    def fit(self, X, y, groups=None, validation=None):
        super().fit(X, y)
        self.best_epoch_, self.n_iter_ = self.best_epoch, self.n_iter
        if self.n_validation is not None:
            self.n_validation_ = self.n_validation
        return self


def test_folds_that_are_hardly_trained_are_told(cohort):
    X, y = cohort
    sites = np.where(np.arange(N_ROWS) < 18, "A", "B")
    models = {
        "first": Stopped(),
        "constant": DummyClassifier(),
        "second": Stopped(best_epoch=2),
        "short": Stopped(n_iter=1),
        "without validation": Stopped(n_validation=0),
    }
    with pytest.warns(ConvergenceWarning) as caught:
        comparison = compare_models(models, X, y, sites=sites, n_folds=3, random_state=0)
    told = [str(warning.message) for warning in caught]
    assert [text.split("'")[1] for text in told] == ["first", "constant"]
    assert "in 6 of 6 folds" in told[0] and "site 'B', repeat 0, fold 0, 1, 2." in told[0]
    assert caught[0].filename == __file__
    untrained = comparison.folds.groupby("model")["untrained"].unique().map(list)
    assert {model for model, flags in untrained.items() if flags == [True]} == {"first", "constant"}
    assert comparison.folds["untrained"].dtype == bool
    counts = comparison.summary().groupby("model")["n_untrained"].sum()
    assert counts["first"] == 6 and counts["second"] == 0


def test_pooled_sites_have_the_untrained_folds_of_all(cohort, three_sites):
    options = {"sites": three_sites, "n_folds": 3, "random_state": 0, "scheme": "pooled"}
    with pytest.warns(ConvergenceWarning, match="site 'pooled', repeat 0, fold 0"):
        comparison = compare_models({"a": Stopped(), "b": Noise()}, *cohort, **options)
    summary = comparison.summary().set_index(["model", "site"])["n_untrained"]
    assert summary["a"].tolist() == [3] * 4 and summary["b"].tolist() == [0] * 4


def test_folds_tell_which_rows_did_train(cohort):
    models = {
        "masked": make_pipeline("passthrough", Noise()),
        "nested": make_pipeline(make_pipeline("passthrough", Noise())),
        "told": Stopped(best_epoch=2, n_validation=0),
        "plain": flat_logistic(),
    }
    comparison = compare_models(models, *cohort, n_folds=5, random_state=0)
    rows = comparison.folds.groupby("model")[["n_train", "n_validation", "n_test"]]
    rows = rows.agg(lambda column: set(column).pop()).T.to_dict("list")
    assert rows["masked"] == rows["nested"] == [18, 6, 6]
    assert rows["told"] == rows["plain"] == [24, 0, 6]
    assert comparison.fold("plain").n_validation == 0
    assert len(comparison.fold("plain").validation) == 6, "the plan is one for all models"


def test_a_net_without_early_stopping_trains_on_all_rows(cohort):
    small = {"n_communities": 2, "n_units": 2, "max_epochs": 2}
    models = {
        name: make_model("lstm-d", 6, 3, patience=patience, **small)
        for name, patience in (("early", 1), ("fixed", None))
    }
    folds = compare_models(models, *cohort, n_folds=5, random_state=0).folds
    rows = folds.groupby("model")[["n_train", "n_validation"]].first().T.to_dict("list")
    assert rows == {"early": [18, 6], "fixed": [24, 0]}


def test_a_failing_model_is_named(cohort):
    X, y = cohort
    models = {"good": Noise(), "bad": LogisticRegression()}
    with pytest.raises(RuntimeError, match="'bad' failed at site 'all', repeat 0, fold 0"):
        compare_models(models, X, y, n_folds=3, random_state=0)


class SourceRecorder(Recorder):
    """A recorder that pretrains."""

    def fit(self, X, y, groups=None, X_unlabeled=None, validation=None):
        super().fit(X, y, groups, validation)
        self.call_["X_unlabeled"] = X_unlabeled
        self.pretrained_on_ = "training" if X_unlabeled is None else "X_unlabeled"
        return self


class Double(FunctionTransformer):
    """Doubles scans, and knows what it was fitted on."""

    seen = []

    def fit(self, X, y=None):
        self.seen.append(rows_of(X))
        return super().fit(X)

    def transform(self, X):
        return [2 * scan for scan in X]


def test_pooled_folds_are_summed_up_together_and_by_site(cohort, three_sites):
    X, y = cohort
    comparison = compare_models(
        {"a": flat_logistic()}, X, y, sites=three_sites, n_folds=3, random_state=0, scheme="pooled"
    )
    summary = comparison.summary().set_index("site")
    assert summary["n_subjects"].to_dict() == {"pooled": 30, "A": 15, "B": 9, "C": 6}
    p = comparison.predictions
    for site in "ABC":
        mine = p[p["subject_site"] == site]
        hits = (mine["y"] == mine["predicted"]).groupby(mine["fold"]).mean()
        assert summary.loc[site, "acc"] == pytest.approx(hits.mean())
    assert summary.loc["pooled", "acc_pooled"] == np.mean(p["y"] == p["predicted"])
    pairs = p.merge(p, on="subject_site").query("y_x > y_y")
    won = (np.sign(pairs["score_x"] - pairs["score_y"]) + 1) / 2
    within = summary["auc_within_sites"]
    assert within["pooled"] == pytest.approx(won.mean()) != summary.loc["pooled", "auc_pooled"]
    np.testing.assert_allclose(within[["A", "B", "C"]], summary["auc_pooled"][["A", "B", "C"]])


@pytest.mark.parametrize("routing", [False, True])
def test_controls_of_other_sites_and_the_source_pretrain(cohort, seen, three_sites, routing):
    X, y = cohort
    groups = np.arange(N_ROWS)
    groups[[0, 4]] = 99  # a control seen at the sites A and C
    source = [scan[:9] + 1000 for scan in X[:2]]
    Double.seen.clear()
    nested = make_pipeline("passthrough", SourceRecorder("nested"))
    models = {
        "plain": SourceRecorder("plain"),
        "pipeline": make_pipeline(Double(), "passthrough", SourceRecorder("pipeline")),
        "nested": make_pipeline(Double(), nested),
        "other": Recorder("other"),
    }
    with config_context(enable_metadata_routing=routing):
        comparison = compare_models(
            models, list(X), y, groups, three_sites, n_folds=3, random_state=0, X_unlabeled=source
        )
    for name in ("plain", "pipeline", "nested"):
        factor = 1 if name == "plain" else 2
        for call in seen[name]:
            fit = [row // factor for row in rows_of(call["fit"])]
            site = three_sites[fit[0]]
            tested = [row // factor for row in rows_of(call["predict"])]
            here = set(groups[fit + tested])
            expected = [
                row
                for row in range(N_ROWS)
                if three_sites[row] != site and y[row] == 0 and groups[row] not in here
            ]
            got = [scan / factor for scan in call["X_unlabeled"]]
            assert [int(scan[0, 0]) for scan in got[:-2]] == expected
            np.testing.assert_allclose(got[-1], source[1], rtol=1e-6)
            assert call["validation"] is not None and call["groups"] is not None
    assert all(max(rows) < N_ROWS for rows in Double.seen), "the source only passes through"
    told = comparison.folds.set_index("model")["pretrained_on"]
    assert set(told["pipeline"]) == {"X_unlabeled"} and told["other"].isna().all()


def test_without_other_sites_models_pretrain_on_the_training_rows(cohort, seen):
    X, y = cohort
    comparison = compare_models({"a": SourceRecorder("a")}, X, y, n_folds=3, random_state=0)
    assert all(call["X_unlabeled"] is None for call in seen["a"])
    assert comparison.folds["pretrained_on"].tolist() == ["training"] * 3
    plain = compare_models({"a": Recorder("a")}, X, y, n_folds=3, random_state=0)
    assert "pretrained_on" not in plain.folds


def test_a_left_out_site_is_no_source(cohort, seen, three_sites):
    X, y = cohort
    models = {"a": SourceRecorder("a")}
    for scheme in ("leave-one-site-out", "pooled"):
        compare_models(models, X, y, sites=three_sites, n_folds=3, random_state=0, scheme=scheme)
    assert all(call["X_unlabeled"] is None for call in seen["a"])


def test_dtl_is_pretrained_on_cleaned_scans_of_other_sites():
    scans = make_scans(n_subjects=24, n_timepoints=40, n_rois=10, random_state=0)
    sites = np.repeat(["A", "B"], 12)
    small = {"layer_sizes": (4,), "pretrain_epochs": 3, "max_epochs": 2}
    model = make_model("dtl", regress_global_mean=True, **small)
    comparison = compare_models(
        {"dtl": model}, scans.data, scans.target, sites=sites, n_folds=3, random_state=0
    )
    assert set(comparison.folds["pretrained_on"]) == {"X_unlabeled"}
    fold = comparison.fold("dtl", "A")
    cleaned = ScanCleaner(regress_global_mean=True).fit_transform(scans.data)
    rows = np.sort(np.append(fold.train, fold.validation))
    state = int(np.random.SeedSequence(fold.seed).generate_state(1)[0] >> 1)
    alone = make_model("dtl", **small)[-1].set_params(random_state=state)
    alone.fit(
        cleaned[rows],
        scans.target[rows],
        X_unlabeled=cleaned[12:][scans.target[12:] == 0],
        validation=np.isin(rows, fold.validation),
    )
    np.testing.assert_array_equal(alone.predict_proba(cleaned[fold.test])[:, 1], fold.score)


def test_the_hmm_learns_from_no_other_site():
    scans = make_scans(n_subjects=24, n_timepoints=30, n_rois=10, random_state=0)
    models = {"hmm": make_model("hmm", n_states=(2,), max_iter=2)}
    sites = np.repeat(["A", "B"], 12)
    both = compare_models(models, scans.data, scans.target, sites=sites, n_folds=3, random_state=0)
    assert "pretrained_on" not in both.folds
    alone = compare_models(
        models, scans.data[:12], scans.target[:12], sites=sites[:12], n_folds=3, random_state=0
    )
    scores = both.predictions.query("site == 'A'")["score"]
    np.testing.assert_array_equal(scores, alone.predictions["score"])


@pytest.mark.parametrize("pretrain_epochs", [0, 2])
def test_a_network_that_pretrains_generates_the_scans_of_other_sites(pretrain_epochs):
    scans = make_scans(n_subjects=18, n_timepoints=40, n_rois=10, random_state=0)
    X, y, source = scans.data[:12], scans.target[:12], list(scans.data[12:, :30])
    small = {"n_communities": 3, "n_units": 2, "max_epochs": 2}
    model = make_model("lstm-dg", 20, 5, pretrain_epochs=pretrain_epochs, **small)
    comparison = compare_models(
        {"lstm-dg": model}, X, y, n_folds=3, random_state=0, X_unlabeled=source
    )
    told = comparison.folds.get("pretrained_on", [None])
    assert set(told) == {"X_unlabeled" if pretrain_epochs else None}
    fold = comparison.fold("lstm-dg", "all")
    cleaned, more = (model[:2].fit_transform(rows) for rows in (X, source))
    rows = np.sort(np.append(fold.train, fold.validation))
    state = int(np.random.SeedSequence(fold.seed).generate_state(1)[0] >> 1)
    alone = clone(model[-1]).set_params(random_state=state)
    alone.fit(
        [cleaned[row] for row in rows],
        y[rows],
        X_unlabeled=more if pretrain_epochs else None,
        validation=np.isin(rows, fold.validation),
    )
    tested = alone.predict_proba([cleaned[row] for row in fold.test])
    np.testing.assert_array_equal(tested[:, 1], fold.score)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_folds": 2}, "n_folds"),
        ({"scheme": "by-site"}, "scheme='by-site' must be one of within-site"),
        ({"scheme": "leave-one-site-out"}, "needs two sites, there is 'all'"),
        ({"scheme": "pooled", "sites": ["pooled"] * N_ROWS}, "no site can have the name 'pooled'"),
        ({"scheme": "pooled", "n_folds": 31}, "too few for n_folds=31"),
        (
            {"X_unlabeled": np.zeros((2, 3))},
            "X_unlabeled holds table of 3 ROIs and X scans of 4 ROIs",
        ),
        ({"n_folds": 31}, "too few for n_folds=31"),
        ({"n_repeats": 0}, "n_repeats must be a whole number of at least 1, got 0"),
        ({"n_repeats": True}, "n_repeats must be a whole number of at least 1, got True"),
        ({"n_folds": 2}, "n_folds must be a whole number of at least 3, got 2"),
        ({"n_folds": 3.0}, "n_folds must be a whole number of at least 3, got 3.0"),
        ({"random_state": -1}, "random_state must be a whole number of at least 0, got -1"),
        ({"random_state": True}, "random_state must be a whole number of at least 0, got True"),
        ({"n_jobs": 1.5}, "n_jobs must be a whole number or None, got 1.5"),
        ({"y": np.arange(N_ROWS) % 3, "pos_label": 1}, "pos_label=1 is for two classes, y holds 3"),
        ({"pos_label": 2}, "pos_label=2"),
        ({"sites": ["A"]}, "sites has 1"),
        ({"groups": [1, 2]}, "groups"),
        ({"confounds": np.zeros((3, 2))}, "confounds has the shape"),
        ({"estimators": {}}, "estimators"),
        ({"estimators": {1: Noise()}}, "must be str"),
        ({"estimators": {"a": "hmm"}}, r"'a' is a name, .*: models.make_model\('hmm'\) makes one"),
        ({"estimators": {"a\0": Noise()}}, r"The name 'a\\x00' of a model holds what no file"),
        ({"estimators": {"\udc80": Noise()}}, r"The name '\\udc80' of a model holds what no file"),
        ({"sites": ["a\0b"] * N_ROWS}, r"The name 'a\\x00b' of a site holds what no file"),
        ({"sites": ["\udc80"] * N_ROWS}, r"The name '\\udc80' of a site holds what no file"),
        (
            {"groups": [f"{i}\udc80" for i in range(N_ROWS)]},
            r"The name '0\\udc80' of a group holds what no file",
        ),
        ({"y": ["a", "\udc80"] * (N_ROWS // 2)}, r"'\\udc80' of a class holds what no file"),
        (
            {"X": [pandas.DataFrame(np.eye(3), columns=["a", "b", "\udc80"])] * N_ROWS},
            r"The name '\\udc80' of an ROI holds what no file",
        ),
        ({"estimators": {"confounds": Noise()}, "confounds": np.zeros(N_ROWS)}, "is taken"),
    ],
)
def test_errors_say_what_is_wrong(cohort, change, message):
    arguments = {"estimators": {"a": Noise()}, "X": cohort[0], "y": cohort[1]} | change
    with pytest.raises(ValueError, match=message):
        compare_models(**arguments)


class TestSavedModels:
    """The models of a comparison, in files."""

    @pytest.fixture
    def run(self, tmp_path):
        pytest.importorskip("skops")
        rng = np.random.default_rng(0)
        scans = [rng.normal(size=(12 + row % 2, 3)) for row in range(12)]
        X = [pandas.DataFrame(scan, columns=list("abc")) for scan in scans]

        def run(**options):
            options = {"out": tmp_path / "out", "save_models": True, "random_state": 0} | options
            return compare_models(
                {"fc": make_model("fc-logistic")},
                X,
                np.tile(["no", "yes"], 6),
                n_folds=3,
                **options,
            )

        return run, X

    def test_predict_as_they_did_and_know_the_names_of_rois(self, run, tmp_path):
        run, X = run
        comparison = run()
        for fold in range(3):
            kept = comparison.fold("fc", fold=fold)
            model = load_model(tmp_path / "out" / "models" / kept.model_file)
            proba = model.predict_proba([X[row] for row in kept.test])
            assert model.classes_.tolist() == ["no", "yes"]
            np.testing.assert_array_equal(proba[:, 1], kept.score)
            assert model.feature_names_in_.tolist() == ["a", "b", "c"]

    def test_tell_the_repetition_times_that_they_were_trained_on(self, run, tmp_path):
        run, _ = run
        run(t_r=[2.0] * 9 + [2.5, np.nan, 2.5], sites=["S"] * 6 + ["T"] * 6)
        told = [read_facts(path) for path in sorted((tmp_path / "out" / "models").iterdir())]
        assert [facts["t_r"] for facts in told if facts["site"] == "S"] == [[2.0]] * 3
        others = [facts["t_r"] for facts in told if facts["site"] == "T"]
        assert sorted(others) == [[2.0, 2.5]] * 3

    def test_none_is_kept_of_the_confounds(self, run, tmp_path):
        run, _ = run
        first = run(confounds=np.arange(12.0))
        names = [path.name for path in sorted((tmp_path / "out" / "models").iterdir())]
        assert names == [f"fc__all__repeat0__fold{fold}.skops" for fold in range(3)]
        again = run(confounds=np.arange(12.0))
        assert again.folds["seconds"].tolist() == first.folds["seconds"].tolist()

    @pytest.mark.parametrize("t_r", [0, -2.0, [2.0, 2.0], np.inf])
    def test_impossible_repetition_times_are_refused(self, run, t_r):
        with pytest.raises(ValueError, match="t_r must be seconds above 0, one number or 12"):
            run[0](t_r=t_r)


@pytest.mark.parametrize("scheme", ["within-site", "leave-one-site-out", "pooled"])
def test_a_comparison_knows_whom_a_fold_was_trained_on(cohort, scheme):
    X, y = cohort
    names = np.array([f"s{row}" for row in range(N_ROWS)])
    sites = np.array(["A", "B"])[np.arange(N_ROWS) // 2 % 2]
    options = {"groups": names, "sites": sites, "n_folds": 3, "scheme": scheme, "random_state": 0}
    comparison = compare_models({"a": Noise()}, X, y, **options)
    for row in comparison.folds.itertuples():
        fold = comparison.fold(row.model, row.site, row.repeat, row.fold)
        trained = sorted(names[np.append(fold.train, fold.validation)])
        told = comparison.training_subjects(row.model, row.site, row.repeat, row.fold)
        assert told.tolist() == trained and not set(trained) & set(fold.subject)
    with pytest.raises(KeyError):
        comparison.training_subjects("b", "A")
