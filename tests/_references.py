"""The paper's equations in plain numpy."""

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def numpy_lstm(x, layer):
    """Equations 1 to 3 of the paper, one gate at a time, for one sequence."""
    K = layer.hidden_size
    W = layer.weight_ih_l0.detach().numpy()
    U = layer.weight_hh_l0.detach().numpy()
    b = layer.bias_ih_l0.detach().numpy()
    i, f, c, o = (slice(g * K, (g + 1) * K) for g in range(4))
    h_t, c_t, hidden = np.zeros(K), np.zeros(K), []
    for x_t in x:

        def gate(g, x_t=x_t, h=h_t):
            return W[g] @ x_t + U[g] @ h + b[g]

        candidate = np.tanh(gate(c))
        c_t = sigmoid(gate(i)) * candidate + sigmoid(gate(f)) * c_t
        h_t = sigmoid(gate(o)) * np.tanh(c_t)
        hidden.append(h_t)
    return np.array(hidden), c_t


def numpy_forward(network, x):
    """Section 2.1 for one sequence: the logit and the generated point."""
    hidden, c_T = numpy_lstm(x, network.first_lstm)
    generated = None
    if network.generative_dense is not None:
        W_d = network.generative_dense.weight.detach().numpy()
        b_d = network.generative_dense.bias.detach().numpy()
        generated = W_d @ (c_T if network.variant == "dg" else hidden[-1]) + b_d
    if network.variant != "s":
        hidden, _ = numpy_lstm(hidden, network.discriminative_lstm)
    dense = network.shared_dense
    answers = hidden @ dense.weight.detach().numpy().T + dense.bias.detach().numpy()
    return answers.mean(axis=0), generated
