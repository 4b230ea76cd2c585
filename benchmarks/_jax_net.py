"""The paper's network in JAX: an LSTM as a scan over time, trained by one compiled step."""

from functools import partial

import jax
import jax.numpy as jnp
import optax

N_FIRST, N_SECOND, DROPOUT = 50, 20, 0.5
OPTIMIZER = optax.adam(1e-3)


def start(n_rois, seed=0):
    """Return random weights, the optimizer's state and a key, as ``train_step`` takes them."""
    sizes = {
        "first": (n_rois, N_FIRST),
        "second": (N_FIRST, N_SECOND),
        "dense": (N_SECOND, 1),
        "generate": (N_FIRST, n_rois),
    }
    key, *keys = jax.random.split(jax.random.key(seed), len(sizes) + 1)
    weights = {
        name: _layer(k, *shape, is_lstm=name in ("first", "second"))
        for k, (name, shape) in zip(keys, sizes.items(), strict=True)
    }
    return weights, OPTIMIZER.init(weights), key


def _layer(key, n_in, n_out, is_lstm):
    width = 4 * n_out if is_lstm else n_out
    draw = partial(jax.random.uniform, minval=-(n_out**-0.5), maxval=n_out**-0.5)
    layer = {"W": draw(key, (n_in, width)), "b": jnp.zeros(width)}
    return layer | ({"U": draw(jax.random.fold_in(key, 1), (n_out, width))} if is_lstm else {})


def lstm(layer, x):
    """Return all hidden states (time first) and the last cell state."""

    def step(state, projected):
        hidden, cell = state
        i, f, z, o = jnp.split(projected + hidden @ layer["U"], 4, axis=1)
        cell = jax.nn.sigmoid(i) * jnp.tanh(z) + jax.nn.sigmoid(f) * cell
        hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
        return (hidden, cell), hidden

    zeros = jnp.zeros((x.shape[1], len(layer["U"])))
    (_, cell), hidden = jax.lax.scan(step, (zeros, zeros), x @ layer["W"] + layer["b"])
    return hidden, cell


def _drop(key, x):
    return jnp.where(jax.random.bernoulli(key, 1 - DROPOUT, x.shape), x / (1 - DROPOUT), 0)


def loss(weights, key, windows, labels):
    """Return the paper's loss of a batch of windows (n_windows, n_points + 1, n_rois)."""
    keys = jax.random.split(key, 3)
    hidden, cell = lstm(weights["first"], windows[:, :-1].swapaxes(0, 1))
    hidden, _ = lstm(weights["second"], hidden)
    dense, generate = weights["dense"], weights["generate"]
    answers = _drop(keys[1], _drop(keys[0], hidden) @ dense["W"] + dense["b"])
    generated = _drop(keys[2], cell) @ generate["W"] + generate["b"]
    logits = answers.mean(axis=0)[:, 0]
    cross_entropy = optax.sigmoid_binary_cross_entropy(logits, labels).mean()
    return jnp.square(generated - windows[:, -1]).mean() + 0.1 * cross_entropy


@partial(jax.jit, donate_argnums=(0, 1))
def train_step(weights, state, key, windows, labels):
    """Take one step of Adam and project the weights that are non-negative."""
    key, dropped = jax.random.split(key)
    gradients = jax.grad(loss)(weights, dropped, windows, labels)
    updates, state = OPTIMIZER.update(gradients, state)
    weights = optax.apply_updates(weights, updates)
    for name in ("first", "generate"):
        weights[name]["W"] = jnp.maximum(weights[name]["W"], 0)
    return weights, state, key
