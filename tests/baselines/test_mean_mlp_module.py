"""The perceptron's logit of a scan, point by point."""

import numpy as np
import torch

from sklearn_lstmdg.baselines._mean_mlp_module import MeanMLP


def test_the_mlp_averages_over_time():
    torch.manual_seed(0)
    net = MeanMLP(5, 2, [4, 3], dropout=0.5).eval()
    scans = [torch.randn(n, 5) for n in (7, 1, 12)]
    told = net(scans).detach().numpy()
    for scan, logits in zip(scans, told, strict=True):
        points = [net.dense(net.hidden(point[None]))[0].detach().numpy() for point in scan]
        np.testing.assert_allclose(logits, np.mean(points, axis=0), atol=1e-6)
    first, norm = net.hidden[0], net.hidden[1]
    x = scans[0][0].numpy()
    code = first.weight.detach().numpy() @ x + first.bias.detach().numpy()
    code = (code - code.mean()) / np.sqrt(code.var() + norm.eps)
    np.testing.assert_allclose(net.hidden[:3](scans[0])[0].detach(), np.maximum(code, 0), atol=1e-5)
