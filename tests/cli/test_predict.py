"""``lstmdg predict``: saved models on new scans."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import ScanCleaner, models
from sklearn_lstmdg.baselines import ConnectivityFeatures
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.cli._predict import SavedModel, _difference, _predict
from sklearn_lstmdg.datasets import load_bids, make_scans
from sklearn_lstmdg.evaluation import load_comparison
from sklearn_lstmdg.models import make_model, model_names
from sklearn_lstmdg.persistence import load_model, save_model

from _trees import ROIS, make_tree, write_series, xcpd_path

pandas = pytest.importorskip("pandas")
pytest.importorskip("skops")

NET = {"n_communities": 3, "n_units": 2, "max_updates": 3}
QUICK = {"lstm": NET, "mean-mlp": {"max_epochs": 2}, "hmm": {"n_states": (1, 2), "max_iter": 2}}
QUICK |= {"dtl": {"layer_sizes": (4, 3), "pretrain_epochs": 2, "max_epochs": 2}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A comparison on derivatives whose models are saved; returns its folder and the tree."""
    root = tmp_path_factory.mktemp("study")
    tree = make_tree(root, n_subjects=9, missing=False)
    options = ("--bids", tree, "--target", "diagnosis", "--positive", "patient", "--session", "1")
    told = ("--models", "fc-logistic", "--folds", "3", "--quiet", "--save-models")
    assert main(["compare", *map(str, options), *told, "--out", str(root / "out")]) == 0
    return root / "out", tree


@pytest.fixture
def predict(study, run):
    """Run predict; returns exit code, table or output, errors."""

    def predict(*options, model="fc-logistic__all__repeat0__fold0.skops", reads=True):
        code, out, err = run("predict", study[0] / "models" / model, *options)
        return code, pandas.read_csv(io.StringIO(out)) if code == 0 and reads else out, err

    return predict


@pytest.fixture
def clinic(tmp_path):
    """A tree of two new subjects, of whom nobody knows the diagnosis."""
    return make_clinic(tmp_path / "clinic")


def make_clinic(root, names=ROIS, t_r=2.0):
    rng = np.random.default_rng(3)
    for subject, session in (("A", "1"), ("A", "2"), ("B", "1")):
        series = rng.standard_normal((30, len(names))).round(6)
        write_series(xcpd_path(root, subject, session), series, names, RepetitionTime=t_r)
    return root


def test_probabilities_of_new_scans_by_participant_and_session(predict, clinic, study):
    code, table, err = predict("--bids", clinic)
    assert code == 0 and err == ""
    columns = ["participant_id", "session", "probability_control", "probability_patient"]
    assert list(table) == [*columns, "predicted"]
    assert table.values[:, :2].tolist() == [["sub-A", 1], ["sub-A", 2], ["sub-B", 1]]
    model = load_model(study[0] / "models" / "fc-logistic__all__repeat0__fold0.skops")
    proba = model.predict_proba(load_bids(clinic).data)
    np.testing.assert_allclose(table[columns[2:]], proba)
    assert table["predicted"].tolist() == model.predict(load_bids(clinic).data).tolist()


def test_several_models_predict_with_their_mean(predict, clinic, study, tmp_path):
    paths = sorted((study[0] / "models").iterdir())
    alone = [predict("--bids", clinic, model=path.name)[1] for path in paths]
    out = tmp_path / "new" / "clinic.csv"
    code, told, _ = predict(*paths[1:], "--bids", clinic, "--out", out, reads=False)
    assert code == 0 and told == f"3 scans predicted: {out}\n"
    together = pandas.read_csv(out)
    column = "probability_patient"
    np.testing.assert_allclose(together[column], np.mean([t[column] for t in alone], axis=0))
    assert predict("--bids", clinic, "--out", out, "--quiet", reads=False)[1] == ""


@pytest.mark.parametrize(("positive", "wanted"), [("autism", "control"), ("control", "autism")])
def test_of_equal_probabilities_the_positive_class_s_is_not_predicted(positive, wanted):
    cohort = make_scans(n_subjects=2, n_timepoints=9, n_rois=3, n_communities=2, random_state=0)
    blind = DummyClassifier().fit(np.zeros((2, 3)), ["autism", "control"])
    model = SavedModel(Path("blind.skops"), blind, {"pos_label": positive})
    assert _predict([model], cohort)["predicted"].tolist() == [wanted] * 2


def test_subjects_of_the_training_are_named(predict, study, tmp_path):
    folder, tree = study
    folds = pandas.read_csv(folder / "predictions.csv")
    trained = sorted(folds[folds["fold"] != 0]["subject"])
    code, table, err = predict("--bids", tree, "--session", "2")
    assert code == 0 and len(table) == 9
    assert "Models were trained on 6 of the 9 subjects, of whom" in err
    assert err.strip().endswith(", ".join(trained) + ".")
    (tmp_path / "models").mkdir()
    path = folder / "models" / "fc-logistic__all__repeat0__fold0.skops"
    elsewhere = shutil.copy(path, tmp_path / "models")
    assert predict("--bids", tree, "--session", "2", model=elsewhere)[2] == ""


def test_the_results_folder_of_several_models_is_read_once(predict, clinic, study, monkeypatch):
    read = []

    def load(folder):
        read.append(folder)
        return load_comparison(folder)

    monkeypatch.setattr("sklearn_lstmdg.cli._predict.load_comparison", load)
    folder, tree = study
    predict(*sorted((folder / "models").iterdir())[1:], "--bids", clinic)
    assert read == [folder]
    _, _, err = predict(*sorted((folder / "models").iterdir())[1:], "--bids", tree)
    assert "Models were trained on 9 of the 9 subjects" in err


def test_repetition_times_other_than_the_training_s_warn_or_are_resampled(predict, tmp_path):
    clinic = make_clinic(tmp_path / "clinic", t_r=1.0)
    _, table, err = predict("--bids", clinic)
    assert "repetition time of 1 s, where" in err and "on 2, 2.5 s: windows last otherwise" in err
    _, resampled, err = predict("--bids", clinic, "--resample-to", 2)
    assert err == ""
    assert not np.allclose(table["probability_patient"], resampled["probability_patient"])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([*ROIS[:2], "Other", *ROIS[3:]], "it reads 'Parcel3' (ROI 3), which they lack"),
        (ROIS[:-1], "it reads 'Parcel8' (ROI 8), which they lack"),
        ([ROIS[1], ROIS[0], *ROIS[2:]], "in another order, ROI 1 is 'Parcel2' where it reads"),
    ],
)
def test_other_rois_are_refused_with_the_first_that_differs(predict, tmp_path, names, message):
    code, _, err = predict("--bids", make_clinic(tmp_path / "clinic", names))
    assert code == 2 and message in err and "fold0.skops" in err
    assert len(err.strip().splitlines()) == 1


def test_rois_beyond_those_of_the_training_are_left_out_and_counted(predict, tmp_path):
    clinic = make_clinic(tmp_path / "clinic", ["New", *ROIS, "Newer"])
    code, table, err = predict("--bids", clinic)
    assert code == 0 and "2 of 10 ROIs are left out" in err and "was not trained" in err
    assert len(table) == 3


def test_the_first_of_names_that_differ():
    assert _difference(list("abdc"), list("abcd")).startswith("in another order, ROI 3 is 'd'")
    assert _difference(list("abx"), list("abcy")).startswith("it reads 'c' (ROI 3)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "predict needs scans: give --bids, --table or --data-dir"),
        (["--bids", "x", "--table", "y"], "choose different scans"),
        (["--bids", "nowhere"], "There is no folder nowhere"),
        (["--task", "rest"], "--task needs --bids"),
    ],
)
def test_what_is_missing_is_told_in_one_line(predict, options, message):
    code, _, err = predict(*options)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1


def test_files_that_are_no_models_are_refused(predict, clinic):
    for model, message in [
        ("", "is a folder: name the model files"),
        ("nothing.skops", "There is no model file"),
        ("../folds.csv", "is no model file"),
    ]:
        code, _, err = predict("--bids", clinic, model=model)
        assert code == 2 and message in err


@pytest.fixture
def table(tmp_path):
    """A table of files of nine scans, with a number of each."""
    rng = np.random.default_rng(0)
    for row in range(9):
        np.save(tmp_path / f"{row}.npy", rng.standard_normal((40, 5)))
    path = tmp_path / "scans.csv"
    rows = {"scan": [f"{row}.npy" for row in range(9)], "age": np.arange(9) + 20.5}
    pandas.DataFrame(rows).to_csv(path, index=False)
    return path


def load_table(path):
    return [np.load(path.with_name(f"{row}.npy")) for row in range(9)]


@pytest.mark.parametrize("name", model_names())
def test_every_named_model_predicts(name, table, tmp_path, predict):
    if "tangent" in name:
        pytest.importorskip("nilearn")
    parameters = next((QUICK[key] for key in QUICK if name.startswith(key)), {})
    model, y = make_model(name, 10, 10, **parameters), np.arange(9) % 2
    model.fit(load_table(table), y)
    save_model(model, tmp_path / "a.skops")
    code, told, err = predict("--table", table, model=tmp_path / "a.skops")
    assert code == 0, err
    assert told["file"].tolist() == [f"{row}.npy" for row in range(9)]
    predicted = told["prediction" if "prediction" in told else "predicted"]
    np.testing.assert_allclose(predicted, model.predict(load_table(table)), rtol=1e-6)


def test_a_regressor_predicts_values_and_no_classes(table, tmp_path, predict):
    steps = ScanCleaner(), ConnectivityFeatures(), LinearRegression()
    model = make_pipeline(*steps).fit(load_table(table), np.arange(9.0))
    paths = [tmp_path / name for name in ("a.skops", "b.skops")]
    save_model(model, paths[0])
    code, told, err = predict("--table", table, model=paths[0])
    assert code == 0 and list(told) == ["file", "prediction"], err
    save_model(make_model("fc-ridge").fit(load_table(table), np.arange(9) % 2), paths[1])
    code, _, err = predict(paths[1], "--table", table, model=paths[0])
    assert code == 2 and "The models predict different things" in err


def test_another_number_of_rois_is_refused_where_the_model_knows_no_names(table, tmp_path, predict):
    scans = [scan[:, :4] for scan in load_table(table)]
    save_model(make_model("fc-ridge").fit(scans, np.arange(9) % 2), tmp_path / "a.skops")
    code, _, err = predict("--table", table, model=tmp_path / "a.skops")
    assert code == 2 and "The scans have 5 ROIs, and" in err


def test_registered_models_are_saved_by_their_names(monkeypatch, table, tmp_path):
    def quick(length, step, regress):
        return make_model("fc-ridge")

    monkeypatch.setitem(models._FACTORIES, "mine: a/b", quick)
    rows = pandas.read_csv(table).assign(group=["a", "b", "b"] * 3)
    rows.to_csv(table, index=False)
    options = ("--table", str(table), "--target", "group", "--t-r", "2", "--folds", "3")
    told = ("--models", "mine: a/b", "--save-models", "--quiet", "--out", str(tmp_path / "out"))
    assert main(["compare", *options, *told]) == 0
    names = sorted(path.name for path in (tmp_path / "out" / "models").iterdir())
    assert names[0] == "mine%3A a%2Fb__all__repeat0__fold0.skops" and len(names) == 3


def test_scans_of_abide_are_predicted_by_subject(tmp_path, monkeypatch, predict):
    cohort = make_scans(n_subjects=6, n_timepoints=40, n_rois=8, random_state=0)
    asked = {}

    def load(data_dir, **options):
        asked.update(options, data_dir=data_dir)
        return cohort

    monkeypatch.setattr("sklearn_lstmdg.cli._scan_options.load_abide", load)
    model = make_model("fc-logistic").fit(cohort.data, cohort.target)
    save_model(model, tmp_path / "a.skops", facts={"t_r": [2.0]})
    code, told, err = predict("--data-dir", "x", "--sites", "NYU", model=tmp_path / "a.skops")
    assert code == 0 and err == ""
    assert asked["sites"] == ["NYU"] and asked["atlas"] == "aal" and asked["data_dir"] == "x"
    np.testing.assert_allclose(told["probability_1"], model.predict_proba(cohort.data)[:, 1])
    assert told["SUB_ID"].nunique() == 6


@pytest.mark.parametrize("t_r", ["x", ["x"], [None], {"a": 1}, [-2], [[2.0]], 0])
def test_repetition_times_that_cannot_be_are_named(study, clinic, predict, tmp_path, t_r):
    model = load_model(study[0] / "models" / "fc-logistic__all__repeat0__fold0.skops")
    save_model(model, tmp_path / "a.skops", facts={"t_r": t_r})
    code, _, err = predict("--bids", clinic, model=tmp_path / "a.skops")
    assert code == 2 and f"{tmp_path}/a.skops has facts that cannot be: t_r is" in err


def test_facts_of_ones_own_are_no_fold(study, clinic, predict, tmp_path):
    model = load_model(study[0] / "models" / "fc-logistic__all__repeat0__fold0.skops")
    facts = {"t_r": 2.0, "model": ["mine"], "site": {}, "repeat": "x", "fold": None}
    save_model(model, tmp_path / "a.skops", facts=facts)
    code, _, err = predict("--bids", clinic, model=tmp_path / "a.skops")
    assert code == 0 and err == ""


def test_a_folder_is_no_table(predict, clinic, tmp_path):
    code, _, err = predict("--bids", clinic, "--out", tmp_path, reads=False)
    assert code == 2 and f"{tmp_path} is a folder: --out is the table" in err
