"""What a machine without a GPU can tell of code that is to run on one."""

import torch
from torch.overrides import TorchFunctionMode


class NoDoubles(TorchFunctionMode):
    """Refuses float64, as Apple's devices do, of all that was not brought to the CPU before."""

    def __init__(self):
        super().__init__()
        self.here = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.Tensor.double and not any(args[0] is each for each in self.here):
            raise TypeError("this device has no float64")
        answer = func(*args, **kwargs or {})
        if func is torch.Tensor.cpu:
            self.here.append(answer)
        return answer
