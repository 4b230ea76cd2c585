"""Which of skorch's callbacks work; the guide lists them, and each line of it is tested here."""

import json
import warnings

import numpy as np
import pytest
import torch
from skorch import callbacks
from skorch.exceptions import SkorchException

from sklearn_lstmdg import LSTMDGClassifier

TINY = {"n_communities": 3, "n_units": 2, "batch_size": 4, "random_state": 0}
SPLIT = {"patience": 9, "validation_fraction": 0.3}


@pytest.fixture
def scans():
    rng = np.random.default_rng(0)
    return rng.standard_normal((12, 15, 3)).cumsum(axis=1) / 3, np.arange(12) % 2


@pytest.fixture(params=["1", "0"], ids=["compiled", "torch"])
def path(request, monkeypatch):
    """Take both paths."""
    monkeypatch.setenv("LSTMDG_COMPILED", request.param)


def fit(scans, *listeners, **parameters):
    parameters = {"max_epochs": 4, **TINY} | parameters
    model = LSTMDGClassifier(callbacks=list(listeners), **parameters)
    return model.fit(*scans)


def weights_of(model):
    return {name: value.clone() for name, value in model.net_.module_.state_dict().items()}


def is_same(first, second):
    return all(torch.equal(first[name], second[name]) for name in second)


class TestCheckpoint:
    """``Checkpoint`` with its default monitor, and what goes with it."""

    def test_saves_where_the_validation_loss_is_the_least_so_far(self, scans, path, tmp_path):
        checkpoint = callbacks.Checkpoint(dirname=str(tmp_path), load_best=True)
        model = fit(scans, checkpoint, max_epochs=8, lr=2.0, **SPLIT)
        history = model.net_.history
        losses = np.array(history[:, "valid_loss"])
        best = [loss < min(losses[:n], default=np.inf) for n, loss in enumerate(losses)]
        assert history[:, "valid_loss_best"] == history[:, "event_cp"] == best
        assert not all(best), "or the test tells nothing"
        kept = torch.load(tmp_path / "params.pt")
        assert is_same(weights_of(model), kept), "load_best reads it back"
        assert len(json.loads((tmp_path / "history.json").read_text())) == 1 + np.argmin(losses)
        assert (tmp_path / "optimizer.pt").exists() and (tmp_path / "criterion.pt").exists()

    def test_needs_validation_rows_or_another_monitor(self, scans, tmp_path):
        with pytest.raises(SkorchException, match="Make sure you have validation data"):
            fit(scans, callbacks.Checkpoint(dirname=str(tmp_path)))
        model = fit(scans, callbacks.Checkpoint("train_loss_best", dirname=str(tmp_path)))
        assert model.net_.history[:, "train_loss_best"][0] is True
        assert (tmp_path / "params.pt").exists()

    def test_train_end_checkpoint_has_the_weights_that_are_kept(self, scans, path, tmp_path):
        model = fit(scans, callbacks.TrainEndCheckpoint(dirname=str(tmp_path)), lr=0.1, **SPLIT)
        assert is_same(weights_of(model), torch.load(tmp_path / "train_end_params.pt"))

    def test_load_init_state_begins_where_it_ended(self, scans, path, tmp_path):
        end = callbacks.TrainEndCheckpoint(dirname=str(tmp_path))
        first = fit(scans, end)
        begin = callbacks.LoadInitState(end)
        model = fit(scans, begin, lr=1e-12, max_epochs=1, random_state=5)
        for name, value in weights_of(first).items():
            torch.testing.assert_close(weights_of(model)[name], value, rtol=0, atol=1e-6)


class TestStopping:
    """``EarlyStopping`` and the learning rate."""

    def test_early_stopping_stops_and_loads_the_best(self, scans, path):
        kept = {}

        class Keep(callbacks.Callback):
            def on_epoch_end(self, net, **kwargs):
                kept[len(net.history)] = net.module_.state_dict()["shared_dense.weight"].clone()

        stop = callbacks.EarlyStopping(
            "train_loss", patience=2, threshold=1e9, load_best=True, sink=lambda text: None
        )
        model = fit(scans, Keep(), stop, max_epochs=9)
        assert model.n_iter_ == 3
        assert torch.equal(weights_of(model)["shared_dense.weight"], kept[1])

    def test_its_default_monitor_is_the_validation_loss(self, scans):
        stop = callbacks.EarlyStopping(patience=1, threshold=1e9, sink=lambda text: None)
        assert fit(scans, stop, max_epochs=9, **SPLIT).n_iter_ == 2
        with pytest.raises(KeyError, match="valid_loss"):
            fit(scans, stop)

    @pytest.mark.parametrize("step_every", ["epoch", "batch"])
    def test_a_schedule_of_torch_s_takes_effect(self, scans, path, step_every):
        told = {"policy": "StepLR", "step_size": 1, "gamma": 1e-9, "step_every": step_every}
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*lr_scheduler.step.*")
            falls = fit(scans, callbacks.LRScheduler(**told), lr_schedule=None, lr=0.01)
        n_steps = 1 if step_every == "batch" else 3  # an epoch has three
        short = fit(
            scans,
            callbacks.PrintLog(sink=lambda text: None),
            lr_schedule=None,
            lr=0.01,
            max_epochs=None,
            max_updates=n_steps,
        )
        for name, value in weights_of(short).items():
            torch.testing.assert_close(weights_of(falls)[name], value, rtol=0, atol=1e-6)
        if step_every == "epoch":
            np.testing.assert_allclose(falls.net_.history[:, "event_lr"][:2], [0.01, 1e-11])

    def test_a_plateau_reads_the_history(self, scans):
        told = {"policy": "ReduceLROnPlateau", "monitor": "train_loss", "patience": 0}
        lowers = callbacks.LRScheduler(**told, threshold=1e9, factor=0.1)
        model = fit(scans, lowers, lr_schedule=None, lr=0.01)
        assert model.net_.optimizer_.param_groups[0]["lr"] < 0.01

    def test_the_net_s_own_schedule_overrides_another(self, scans):
        scheduled = fit(scans, callbacks.LRScheduler("StepLR", step_size=1, gamma=1e-9), lr=0.01)
        assert is_same(weights_of(scheduled), weights_of(fit(scans, lr=0.01)))


class TestWeights:
    """Callbacks that touch gradients and weights."""

    def test_frozen_weights_stay(self, scans, path):
        first = {}

        class Begin(callbacks.Callback):
            def on_train_begin(self, net, **kwargs):
                first.update({k: v.clone() for k, v in net.module_.state_dict().items()})

        model = fit(scans, Begin(), callbacks.Freezer("community_lstm.*"), lr=0.1)
        for name, value in weights_of(model).items():
            trains = not name.startswith("community_lstm.") and "bias_hh" not in name
            assert torch.equal(value, first[name]) != trains, name

    def test_unfrozen_weights_go_on(self, scans, path):
        freezes = (
            callbacks.Freezer("community_lstm.*"),
            callbacks.Unfreezer("community_lstm.*", at=3),
        )
        frozen, thawed = fit(scans, freezes[0]), fit(scans, *freezes)
        name = "community_lstm.weight_ih_l0"
        assert not torch.equal(weights_of(frozen)[name], weights_of(thawed)[name])

    def test_weights_are_initialised(self, scans, path):
        zero = callbacks.Initializer("shared_dense.weight", fn=torch.nn.init.zeros_)
        model = fit(scans, zero, lr=1e-12)
        assert float(weights_of(model)["shared_dense.weight"].abs().max()) < 1e-9

    def test_gradients_are_clipped(self, scans, path):
        norms = []

        class Norms(callbacks.Callback):
            def on_grad_computed(self, net, named_parameters, **kwargs):
                grads = [p.grad for _, p in named_parameters if p.grad is not None]
                norms.append(float(torch.stack([g.norm() for g in grads]).norm()))

        clip = callbacks.GradientNormClipping(0.01)
        clipped, plain = fit(scans, clip, Norms()), fit(scans, Norms())
        assert max(norms[:12]) <= 0.01001 < min(norms[12:])
        name = "discriminative_lstm.weight_hh_l0"
        assert not torch.equal(weights_of(clipped)[name], weights_of(plain)[name])


class TestScoring:
    """Scores that callbacks record."""

    def test_epoch_scoring_takes_functions_of_the_net(self, scans, path):
        def worst(net, X, y):
            return max(net.history[-1, "valid_loss"], net.history[-1, "train_loss"])

        score = callbacks.EpochScoring(worst, name="worst", lower_is_better=True)
        history = fit(scans, score, **SPLIT).net_.history
        losses = np.maximum(history[:, "valid_loss"], history[:, "train_loss"])
        np.testing.assert_array_equal(history[:, "worst"], losses)
        assert history[:, "worst_best"][0]

    def test_epoch_scoring_by_a_name_of_scikit_learn_s_is_refused(self, scans):
        with pytest.raises(AttributeError, match=r"none of the following attributes|net_ has no"):
            fit(scans, callbacks.EpochScoring("roc_auc"), **SPLIT)

    def test_a_monitor_takes_its_place(self, scans):
        def brier(y, proba):
            return -np.mean(np.square(proba[:, 1] - y))

        history = fit(scans, monitor=brier, **SPLIT).net_.history
        assert len(history[:, "valid_monitor"]) == 4

    def test_passthrough_scoring_averages_batches(self, scans):
        model = fit(scans, callbacks.PassthroughScoring("train_loss", on_train=True))
        batches = model.net_.history[0, "batches", :, ("train_loss", "train_batch_size")]
        losses, sizes = zip(*batches, strict=True)
        assert sizes == (4, 4, 4)
        assert model.net_.history[0, "train_loss"] == pytest.approx(np.mean(losses))
        assert model.net_.history[0, "train_loss_best"] is True


class TestTelling:
    """Callbacks that tell of the training."""

    @pytest.mark.parametrize("batches_per_epoch", ["auto", "count", 3])
    def test_progress_bar_counts_batches(self, scans, path, monkeypatch, batches_per_epoch):
        bars = []

        class Bar:
            def __init__(self, total, leave):
                self.total, self.n, self.told = total, 0, {}
                bars.append(self)

            def set_postfix(self, told, refresh):
                self.told = told

            def update(self):
                self.n += 1

            def close(self):
                pass

        monkeypatch.setattr("skorch.callbacks.logging.tqdm.tqdm", Bar)
        bar = callbacks.ProgressBar(batches_per_epoch, detect_notebook=False)
        model = fit(scans, bar, max_epochs=2)
        assert [b.n for b in bars] == [3, 3]
        assert [b.total for b in bars] == [None if batches_per_epoch == "count" else 3, 3]
        losses = model.net_.history[:, "batches", -1, "train_loss"]
        assert [b.told["train_loss"] for b in bars] == losses

    def test_print_log_and_timer(self, scans):
        lines = []
        log = callbacks.PrintLog(sink=lines.append), callbacks.EpochTimer()
        model = fit(scans, *log, verbose=1)
        assert len(lines) == 2 + 4 and len(model.net_.history[:, "dur"]) == 4

    def test_tensorboard_and_other_loggers_are_handed_the_history(self, scans):
        told = []

        class Writer:
            def add_scalar(self, tag, scalar_value, global_step):
                told.append((tag, global_step))

        fit(scans, callbacks.TensorBoard(Writer(), close_after_train=False), **SPLIT)
        assert {("Loss/train_loss", 1), ("Loss/valid_loss", 4)} <= set(told)

    def test_sacred_gets_every_epoch_and_batch(self, scans):
        told = []

        class Run:
            def log_scalar(self, name, value, step=None):
                told.append(name)

        logger = callbacks.SacredLogger(Run(), log_on_batch_end=True)
        fit(scans, logger, **SPLIT)
        assert told.count("train_loss_epoch") == 4 and "train_loss_batch" in told

    def test_wandb_watches_the_module(self, scans):
        told = []

        class Run:
            def watch(self, module):
                told.append(module)

            def log(self, values):
                told.append(values)

        model = fit(scans, callbacks.WandbLogger(Run(), save_model=False))
        assert told[0] is model.net_.module_ and "train_loss" in told[1]


def test_batch_scoring_has_no_predictions(scans):
    scoring = callbacks.BatchScoring(lambda net, X, y: 0.0, name="batches", on_train=True)
    with pytest.raises(ValueError, match="non-skorch dataset"):
        fit(scans, scoring)


def test_input_shape_setter_is_refused(scans):
    with pytest.raises((AttributeError, TypeError, ValueError)):
        fit(scans, callbacks.InputShapeSetter(param_name="n_rois"))


def test_listening_changes_no_bit(scans, path):
    alone = weights_of(fit(scans))
    for listener in (callbacks.ProgressBar("count", False), callbacks.PassthroughScoring("x")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert is_same(weights_of(fit(scans, listener)), alone)
    assert "train_loss_best" not in fit(scans).net_.history[0]


def test_callbacks_hear_of_each_net_in_turn(scans):
    heard = []

    class Spy(callbacks.Callback):
        def on_train_begin(self, net, **kwargs):
            heard.append(id(net))

    model = fit(scans, Spy(), n_nets=2)
    assert heard == [id(net) for net in model.nets_]
