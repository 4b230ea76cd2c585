"""The paper, equation by equation: the network, its losses, its training, what it tells.

torch is imported when a name of this room is first used.
"""

from .._extras import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "._compiled": ["compiled_available", "processor_path"],
        "._epoch_net": ["usable_device"],
        "._joint_network": ["keras_dense"],
        "._nets": ["Nets"],
        "._scan_net": ["LabelledRows", "ScanNet", "as_rows"],
        "._randomness": ["Dropout", "RandomStreams", "torch_dense", "torch_threads"],
        "._window_net": ["WindowNet"],
        "._window_table": ["LabelledWindows", "WindowSet", "ways_to_read"],
    },
)
