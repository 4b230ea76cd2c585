"""Three classes, and a quantity, from the command line."""

import json
import re

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from sklearn_lstmdg import models
from sklearn_lstmdg.baselines import ConnectivityFeatures
from sklearn_lstmdg.cli import main
from sklearn_lstmdg.cli._commands import MODELS
from sklearn_lstmdg.evaluation import load_comparison
from sklearn_lstmdg.models import model_names
from sklearn_lstmdg.report import best_fold

pandas = pytest.importorskip("pandas")
NAMES = ("adhd", "autism", "control")


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    """Add quick models of both kinds; those of the default regression stay."""

    def quick(last):
        return lambda length, step, regress: make_pipeline(ConnectivityFeatures(), last)

    added = {"line": quick(LogisticRegression()), "ridge": quick(Ridge(0.1))}
    added["lstm-dg-regress"] = quick(DummyRegressor(strategy="median"))  # trains for seconds
    monkeypatch.setattr(models, "_FACTORIES", models._FACTORIES | added)
    monkeypatch.setattr(models, "_REGRESSORS", models._REGRESSORS | {"ridge"})


@pytest.fixture
def table(tmp_path):
    """Scans whose first two ROIs are the more alike the older the subject."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(36):
        age, scan = 20 + i / 2, rng.standard_normal((50, 4))
        scan[:, 1] += (i - 18) / 6 * scan[:, 0]
        np.save(tmp_path / f"{i}.npy", scan)
        rows.append((f"{i}.npy", NAMES[i // 12], age, i // 5, ["A", "B"][i % 2]))
    columns = ["scan", "diagnosis", "age", "score", "site"]
    path = tmp_path / "scans.csv"
    pandas.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


@pytest.fixture
def compare(tmp_path, table, run):
    """Run compare on the table; returns exit code, output, errors."""

    def compare(*options, out="out"):
        return run("compare", "--table", table, "--folds", 3, "--out", tmp_path / out, *options)

    return compare


def read(tmp_path, name, out="out"):
    return pandas.read_csv(tmp_path / out / f"{name}.csv")


def test_three_classes(compare, tmp_path):
    code, out, err = compare("--target", "diagnosis", "--models", "line", "fc-svm-scan")
    assert code == 0, err
    assert "all: 36 subjects (12 control, 12 autism, 12 adhd)" in out
    header = next(line for line in out.splitlines() if line.startswith("model"))
    wanted = ["model", "site", "n", "ACC (%)", "BACC (%)", "AUC"]
    assert re.split(" {2,}", header) == [*wanted, *(f"{name} (%)" for name in NAMES)]
    assert "AUC over the test subjects of all folds" in out
    assert "positive class" not in err
    predictions = read(tmp_path, "predictions")
    scores = [f"probability_{name}" for name in NAMES]
    assert set(scores) < set(predictions) and "score" not in predictions
    np.testing.assert_allclose(predictions[scores].sum(axis=1), 1)
    summary = read(tmp_path, "summary").set_index("model")
    assert summary.loc["line", "auc_pooled"] > 0.8
    confusion = read(tmp_path, "confusion")
    assert confusion.groupby("model")["n"].sum().tolist() == [36, 36]


def test_age(compare, tmp_path):
    options = ("--target", "age", "--site", "site", "--scheme", "pooled", "--confounds", "score")
    code, out, err = compare(*options, "--models", "ridge", "mean")
    assert code == 0, err
    assert "A: 18 subjects (age 28.5 on average, 20 to 37)" in out
    header = next(line for line in out.splitlines() if line.startswith("model"))
    assert re.split(" {2,}", header) == ["model", "site", "n", "r", "MAE", "R2", "r within sites"]
    number = r"0\.\d{3}"
    row = rf"^ridge +pooled +36 +{number} +\d\.\d+ \(\d\.\d+\) +{number} +{number}$"
    assert re.search(row, out, re.M)
    assert "r and R2 over the test subjects of all folds" in out
    assert "In 9 of the test folds predictions, or targets, are all equal: r without them." in out
    summary = read(tmp_path, "summary").set_index(["model", "site"])
    assert summary.loc[("ridge", "pooled"), "r_pooled"] > 0.7
    assert summary.loc[("confounds", "pooled"), "r_pooled"] > 0.9
    record = json.loads((tmp_path / "out" / "cohort.json").read_text())
    assert record["sites"][1]["target"] == {"mean": 29.0, "min": 20.5, "max": 37.5}
    assert record["sites"][1]["groups"][0]["n"] == 18
    comparison = load_comparison(tmp_path / "out")
    mine = comparison.folds[comparison.folds["model"] == "ridge"]
    assert best_fold(comparison, "ridge", "pooled").fold == mine["mae"].to_numpy().argmin()


def test_the_same_command_goes_on_and_another_target_is_refused(compare, tmp_path):
    options = ("--target", "age", "--models", "ridge")
    compare(*options)
    kept = (tmp_path / "out" / "predictions.csv").read_bytes()
    (tmp_path / "out" / "folds" / "ridge__all__repeat0__fold2.npz").unlink()
    code, _, err = compare(*options)
    assert code == 0 and "2 of 3" in err
    assert (tmp_path / "out" / "predictions.csv").read_bytes() == kept
    code, _, err = compare("--target", "diagnosis", "--models", "line")
    assert code == 2 and "holds results of another run" in err


@pytest.mark.parametrize(("target", "model"), [("age", "ridge"), ("diagnosis", "line")])
def test_permuted_targets(compare, tmp_path, target, model):
    compare("--target", target, "--models", model, "--site", "site")
    code, _, err = compare(
        *("--target", target, "--models", model, "--site", "site", "--permute-labels", 1),
        out="null",
    )
    assert code == 0, err
    plain, permuted = (
        read(tmp_path, "predictions", out).set_index("subject").sort_index()
        for out in ("out", "null")
    )
    assert (plain["y"] != permuted["y"]).mean() > 0.3
    for site in "AB":
        mine = [sorted(each["y"][each["site"] == site]) for each in (plain, permuted)]
        assert mine[0] == mine[1]


def test_numbers_are_what_the_option_says(compare, tmp_path):
    code, _, err = compare("--target", "score", "--models", "ridge")
    assert code == 2 and "target score has classes (see --target-kind)" in err
    code, _, err = compare("--target", "score", "--models", "ridge", "--target-kind", "continuous")
    assert code == 0, err
    assert read(tmp_path, "summary").loc[0, "r_pooled"] > 0.5


@pytest.mark.parametrize(("codes", "told"), [((1, 2), True), ((0, 1), False)])
def test_the_positive_of_two_numbers_is_told_but_of_0_and_1(compare, table, codes, told):
    rows = pandas.read_csv(table)
    rows["code"] = np.where(rows["diagnosis"] == "adhd", *codes)
    rows.to_csv(table, index=False)
    code, out, err = compare("--target", "code", "--models", "line")
    assert code == 0, err
    assert f"(24 class {codes[1]}, 12 class {codes[0]})" in out
    assert ("'2' is the positive class, the last in order: see --positive" in err) is told
    assert ("positive class" in err) is told


def test_fractions_can_be_classes(compare, table, tmp_path):
    rows = pandas.read_csv(table)
    rows["half"] = np.where(rows["diagnosis"] == "adhd", 0.5, 1.5)
    rows.to_csv(table, index=False)
    options = ("--target", "half", "--target-kind", "classes", "--positive", "0.5")
    code, out, err = compare(*options, "--models", "line")
    assert code == 0, err
    assert "(24 class 1.5, 12 class 0.5)" in out and "positive class" not in err
    assert set(read(tmp_path, "predictions")["y"]) == {0.5, 1.5}


def test_models_of_the_other_kind_are_refused_with_the_names_that_serve(compare):
    code, _, err = compare("--target", "age", "--models", "lstm-dg", "ridge", "fc-svm")
    assert code == 2 and len(err.strip().splitlines()) == 1
    assert "--models lstm-dg, fc-svm will not do: the target age is continuous" in err
    assert ", ".join(model_names("regressor")) in err
    code, _, err = compare("--target", "diagnosis", "--models", "mean")
    assert code == 2 and "--models mean will not do: the target diagnosis has classes" in err
    code, _, err = compare("--target", "age", "--models", "no-such")
    assert code == 2 and "Unknown model 'no-such'" in err


def test_the_default_models_fit_the_target(compare, tmp_path):
    code, _, err = compare("--target", "age")
    assert code == 0, err
    summary = read(tmp_path, "summary")
    assert summary["model"].tolist() == MODELS["continuous"]
    options = json.loads((tmp_path / "out" / "options.json").read_text())
    assert options["models"] == MODELS["continuous"]
    for kind, serve in (("classes", "classifier"), ("continuous", "regressor")):
        assert set(MODELS[kind]) <= set(model_names(serve))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "diagnosis", "--positive", "adhd"], "--positive is for two classes"),
        (["--target", "age", "--positive", "20"], "age is continuous"),
        (["--target", "diagnosis", "--target-kind", "continuous"], "does not hold numbers"),
        (["--target", "age", "--confounds", "score", "age"], "age, which is the target"),
    ],
)
def test_what_a_target_cannot_have_is_named(compare, options, message):
    kind = "ridge" if "age" in options else "line"
    code, _, err = compare(*options, "--models", kind)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("target", "model", "words"),
    [
        ("age", "ridge", ("MAE, an error, one below 0. Each metric on a scale of its own", "r2")),
        ("diagnosis", "line", ("autism", "Balanced accuracy", "All on one scale")),
    ],
)
def test_the_report_is_of_the_kind_of_target(compare, tmp_path, target, model, words):
    pytest.importorskip("matplotlib")
    reference = "mean" if target == "age" else "fc-ridge"
    compare("--target", target, "--models", model, reference, "--site", "site")
    assert main(["report", str(tmp_path / "out"), "--quiet"]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(word.lower() in page.lower() for word in words)
    assert "TPR" not in page and "nan" not in re.sub(r"<[^>]*>", " ", page).split()
