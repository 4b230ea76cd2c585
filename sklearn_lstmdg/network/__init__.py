"""The paper, equation by equation: the network, its losses, its training, what it tells."""

from ._early_stopping import train_with_early_stopping
from ._module import JointNetwork
from ._net_trainer import NetTrainerMixin
from ._reading import NetReaderMixin
from ._training import MONITORS, WindowNet, probabilities, seeded, torch_threads

__all__ = [
    "MONITORS",
    "JointNetwork",
    "NetReaderMixin",
    "NetTrainerMixin",
    "WindowNet",
    "probabilities",
    "seeded",
    "torch_threads",
    "train_with_early_stopping",
]
