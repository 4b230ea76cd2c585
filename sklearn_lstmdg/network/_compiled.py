"""The compiled path: a training step, an update, and reading windows, in ``_lstm.c``.

Python fills in a task, which holds sizes and the addresses of tensors, and calls the functions of
the processor's path by name.
"""

import ctypes
import os

import numpy as np
import torch

from ._joint_network import is_labelled

try:
    from . import _lstm as _extension
except ImportError:  # no compiler when the package was installed
    _extension = None

_WIDER = {"AVX512": ("avx512", "avx2"), "AVX2": ("avx2",)}  # by what torch finds
_GENERATES = {"dg": 1, "h": 2}
_N_PARAMETERS = 12
_STEP, _READING = 32, 16  # windows that go through the network together
_ADDRESS, _INTEGER, _REAL = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double


def _fields(kind, names):
    return [(name, kind) for name in names.split()]


class Task(ctypes.Structure):
    """The fields of ``task`` in ``_lstm.c``, in the same order."""

    _fields_ = [
        *_fields(_INTEGER, "n_rois n_communities n_units n_outputs generates at_all horizon"),
        *_fields(_INTEGER, "some rows longest"),
        *_fields(_INTEGER, "n_windows n_labelled n_known n_points n_projected"),
        *_fields(_ADDRESS, "points start lengths labels direction sign targets weights"),
        *_fields(_ADDRESS * _N_PARAMETERS, "parameters gradients means squares"),
        *_fields(_INTEGER * _N_PARAMETERS, "sizes is_trained"),
        *_fields(_REAL, "noise"),
        *_fields(_REAL * 3, "dropout"),
        *_fields(_REAL, "discriminative_weight lr weight_decay eps"),
        *_fields(_INTEGER, "n_updates seed update"),
        *_fields(_REAL * 3, "losses"),
        *_fields(_INTEGER, "reads_negative reads_backwards"),
        *_fields(_ADDRESS, "logits hidden cells room"),
    ]


def load_build(file):
    """Return the functions of a build of ``_lstm.c``, which must agree on what a task is."""
    build = ctypes.CDLL(file)
    known = hasattr(build, "task_size") and ctypes.c_size_t.in_dll(build, "task_size").value
    if known != ctypes.sizeof(Task):
        raise ImportError(f"{file} was built from other sources: install anew.")
    return build


_lstm = None if _extension is None else load_build(_extension.__file__)


def compiled_available():
    """Tell whether the compiled path was built and is not switched off by LSTMDG_COMPILED=0."""
    return _lstm is not None and os.environ.get("LSTMDG_COMPILED", "1") != "0"


def processor_paths():
    """Return the names of the paths that can run here, the widest first."""
    return [*_WIDER.get(torch.backends.cpu.get_cpu_capability(), ()), "plain"]


def processor_path():
    """Return the name of the path that runs: LSTMDG_PATH, or the widest of this processor."""
    names = processor_paths()
    wanted = os.environ.get("LSTMDG_PATH", names[0])
    if wanted not in names:
        raise ValueError(f"LSTMDG_PATH={wanted} cannot run here; there are {', '.join(names)}.")
    return wanted


def is_compiled_for(points, horizon, is_generative):
    """Tell whether these points go through the compiled path; it generates one point."""
    fits = points.dtype in (torch.float32, torch.float64) and points.device.type == "cpu"
    return fits and not (is_generative and horizon > 1) and compiled_available()


class CompiledNetwork:
    """What the compiled path does with the weights of a network, which stay where they are.

    Parameters
    ----------
    network : JointNetwork
        On the CPU.
    horizon : int
        Points at the end of a window that are not read.
    """

    def __init__(self, network, horizon):
        self.network = network
        self.parameters = network.ordered_parameters()
        kind = network.shared_dense.weight.dtype
        self.path = "double" if kind == torch.float64 else processor_path()
        self.room = torch.zeros(0, dtype=kind)
        self.task = task = Task()
        task.n_communities = network.n_communities
        task.n_rois = network.first_lstm.input_size
        task.n_units = network.discriminative_lstm.hidden_size
        task.n_outputs = network.shared_dense.out_features
        task.horizon = horizon
        for n, parameter in enumerate(self.parameters):
            if parameter is not None:
                task.parameters[n], task.sizes[n] = parameter.data_ptr(), parameter.numel()

    def _do(self, what, n_projected=0):
        """Do one thing, in a room that is large enough."""
        self.task.n_projected = n_projected
        size = self._run("size")
        if len(self.room) < size:
            self.room = torch.zeros(size, dtype=self.room.dtype)
        self.task.room = self.room.data_ptr()
        self._run(what)

    def _run(self, what, *arguments):
        """Call a function of the path; what it returns means something for sizes alone."""
        function = getattr(_lstm, f"{what}_{self.path}")
        function.restype = _INTEGER
        return function(ctypes.byref(self.task), *arguments)

    def _set_windows(self, points, cuts, some):
        """Point at windows; the tensors must live as long as the task is done."""
        task = self.task
        task.points, task.n_points = points.data_ptr(), len(points)
        for name, values in cuts._asdict().items():
            setattr(task, name, 0 if values is None else values.data_ptr())
        n_read = np.maximum(cuts.lengths.numpy() - task.horizon, 1)
        task.n_windows, task.some, task.longest = len(n_read), some, n_read.max()
        task.rows = np.add.reduceat(n_read, range(0, len(n_read), some)).max()
        last = cuts.lengths.numpy() - 1
        for end in (0, last) if cuts.direction is None else (0, last * cuts.direction.numpy()):
            where = cuts.start.numpy() + end
            if where.min() < 0 or where.max() >= len(points):
                raise ValueError("A window does not lie in its series.")

    def read(self, points, cuts, augment=(), keeps_states=False):
        """Return windows' logits (n_windows, n_outputs), means over the ways to read a window.

        With the first LSTM's hidden and cell states (n_longest, n_windows, n_communities) in the
        windows as they are, or None.
        """
        task, states = self.task, (None, None)
        self._set_windows(points, cuts, _READING)
        task.generates = 0
        task.reads_negative, task.reads_backwards = "sign" in augment, "reverse" in augment
        logits = torch.zeros(len(cuts.start), task.n_outputs, dtype=torch.float64)
        if keeps_states:
            shape = len(cuts.start), task.longest, task.n_communities
            states = torch.zeros(2, *shape, dtype=self.room.dtype)
        task.logits = logits.data_ptr()
        task.hidden, task.cells = (0 if s is None else s.data_ptr() for s in states)
        self._do("read", n_projected=len(points))
        logits /= (1 + task.reads_negative) * (1 + task.reads_backwards)
        return logits, *(None if s is None else s.transpose(0, 1) for s in states)


class CompiledTraining(CompiledNetwork):
    """Training steps of a network, whose optimiser's moments stay where they are.

    Weights and options of the loss (``JointLoss``) and of AdamW are read at every step; the seed
    is that of noise and dropout.
    """

    def __init__(self, network, horizon, criterion, optimizer, seed, generate_at, input_noise):
        super().__init__(network, horizon)
        self.criterion, self.optimizer = criterion, optimizer
        self.task.generates = _GENERATES.get(network.variant, 0)
        self.task.at_all, self.task.seed = generate_at == "all", seed
        self.task.noise = input_noise
        self.gradients = [None if p is None else torch.zeros_like(p) for p in self.parameters]
        trained = self.optimizer.param_groups[0]["params"]
        self.trained = {id(parameter) for parameter in trained}
        self.named_parameters = list(network.named_parameters())
        # All count their updates in one tensor, until the end.
        steps = [float(state["step"]) for state in self.optimizer.state.values()]
        self.n_updates = torch.tensor(max(steps, default=0.0))

    def _moments(self, parameter):
        """Return Adam's moments of a parameter, zeros where it never had a gradient."""
        state = self.optimizer.state[parameter]
        state["step"] = self.n_updates
        for name in ("exp_avg", "exp_avg_sq"):
            if name not in state:
                state[name] = torch.zeros_like(parameter)
        return state["exp_avg"], state["exp_avg_sq"]

    def end(self):
        """Leave an optimiser of which each parameter counts its own updates."""
        for state in self.optimizer.state.values():
            state["step"] = self.n_updates.clone()

    def forward_backward(self, batch):
        """Return a batch's losses (3,); the trained parameters hold the total's gradients then."""
        points, cuts, labels, weights = batch
        task, weights = self.task, weights.to(self.room.dtype)
        self._set_windows(points, cuts, _STEP)
        task.targets = 0
        if labels.is_floating_point():
            targets, labels = labels.double(), is_labelled(labels).long() - 1
            task.targets = targets.data_ptr()
        task.labels, task.weights = labels.data_ptr(), weights.data_ptr()
        task.n_labelled, task.n_known = batch.counts(task.horizon)
        task.dropout[:] = [layer.rate for layer in self.network.dropouts]
        task.discriminative_weight = self.criterion.discriminative_weight
        task.update += 1
        for n, (parameter, gradient) in enumerate(
            zip(self.parameters, self.gradients, strict=True)
        ):
            if parameter is not None:
                parameter.grad = gradient if parameter.requires_grad else None
                task.gradients[n] = gradient.data_ptr()
        self._do("forward_backward")
        return torch.tensor(task.losses[:], dtype=torch.float64)

    def update(self):
        """Let Adam take a step with the gradients, and project non-negative weights."""
        task, (group,) = self.task, self.optimizer.param_groups
        task.lr, task.weight_decay, task.eps = group["lr"], group["weight_decay"], group["eps"]
        self.n_updates += 1
        task.n_updates = int(self.n_updates)
        for n, parameter in enumerate(self.parameters):
            task.is_trained[n] = id(parameter) in self.trained and parameter.grad is not None
            if task.is_trained[n]:
                addresses = [t.data_ptr() for t in (parameter.grad, *self._moments(parameter))]
                task.gradients[n], task.means[n], task.squares[n] = addresses
        self._run("update")

    def draw(self, kind, shape):
        """Return noise (kind 0) or a dropout mask (1 to 3) of the last step's first windows."""
        drawn = torch.zeros(shape[0], -(-shape[1] // 16) * 16, dtype=self.room.dtype)
        block, n = _INTEGER(0), _INTEGER(drawn.numel())
        self._run("draw", block, _INTEGER(kind), _ADDRESS(drawn.data_ptr()), n)
        return drawn[:, : shape[1]]
