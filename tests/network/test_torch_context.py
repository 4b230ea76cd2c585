import pytest
import torch

from sklearn_lstmdg.network._torch_context import seeded, torch_threads


def test_threads_and_generators_are_put_back():
    before, state = torch.get_num_threads(), torch.get_rng_state()
    with pytest.raises(RuntimeError, match="stop"), torch_threads(before + 1), seeded(3, "cpu"):
        assert torch.get_num_threads() == before + 1
        drawn = torch.rand(2)
        raise RuntimeError("stop")
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state)
    with seeded(3, "cpu"):
        assert torch.equal(torch.rand(2), drawn)
