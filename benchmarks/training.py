"""Seconds per training step against stock Keras layers, PyTorch, and the bare matrix products.

    python benchmarks/training.py [--repeats 3] [--network time] [--cell gru] [--steps 6] [--threads fastest]

Batches are 64 spectrograms of 124 frames of 128 mel bands. The network "time" is the paper's for ESC-10: two layers of
256 units, a unidirectional encoder and a bidirectional decoder. "contrastive" is that of a `ContrastiveEmbedder` with
its defaults on 64 instances; PyTorch makes the same views and sends them through the same layers. "frequency" has one
layer of 64 units, "frequency-time" that below two layers of 128 units, both unidirectional, with windows of 32 bands
that share 24. No network has dropout (which the peers would have to imitate). Every contender runs in processes of its
own, in turns; the figures are medians. PyTorch takes part for "time" and "contrastive", where it is installed, the
products for "time" alone, Keras for all but "contrastive".

With ``--threads fastest``, skaudeep's contenders call ``skaudeep.set_threads()`` before anything else. Two more show
what that is worth: "skaudeep, untouched threads", which does not call it, and "keras, our threads", which are the
stock Keras layers after calling it. With ``--threads default`` nobody calls it, and these two are left out.

"first" is the first step, in which the network is traced, and "step" the median of those after it, both in seconds.
"times as fast as" gives, for each peer, its seconds per step divided by those of "skaudeep": above 1, skaudeep is
faster. "products" is no peer but a yardstick: the matrix products of a step and nothing else, as NumPy computes them,
one after the other with all cores to each. Two chains of products side by side can be faster than that.
"""

import argparse
import itertools
import json
import statistics
import time

from _processes import add_threads_option, arrange_threads, in_turns, medians, takes_part

N_STEPS, N_FEATURES, N_LAYERS, N_UNITS, BATCH_SIZE = 124, 128, 2, 256, 64


def batch():
    import numpy as np

    return np.random.default_rng(0).uniform(-1, 1, (BATCH_SIZE, N_STEPS, N_FEATURES)).astype(np.float32)


def embedder(network, cell, **parameters):
    import skaudeep

    name, sizes = {
        "time": (
            "Seq2SeqAutoencoderEmbedder",
            {"n_layers": N_LAYERS, "n_units": N_UNITS, "bidirectional_decoder": True},
        ),
        "frequency": ("FrequencyAutoencoderEmbedder", {"n_layers": 1, "n_units": 64}),
        "frequency-time": ("FrequencyTimeAutoencoderEmbedder", {}),
        "contrastive": ("ContrastiveEmbedder", {"objective": "instance"}),
    }[network]
    defaults = {"cell": cell, "dropout": 0, "random_state": 0, "batch_size": BATCH_SIZE, "max_epochs": 0}
    return getattr(skaudeep, name)(**(sizes | defaults | parameters))


def skaudeep_step(network, cell, ragged=False, **parameters):
    """One training step of the embedder, through its own network."""
    import numpy as np

    from skaudeep._engine import borrow

    model, x = embedder(network, cell, **parameters).fit(batch()), batch()
    lengths = np.random.default_rng(0).integers(N_STEPS // 4, N_STEPS + 1, BATCH_SIZE) if ragged else None
    # the pool has one network of this architecture, kept here for the life of the process
    borrowed = borrow(model._config, model._build_network, model.weights_).__enter__()
    borrowed.prepare_training(1e-3)
    rates = np.array([getattr(model, name) for name in model._config.noises], np.float32)
    rows, seed = np.arange(len(x)), np.array([0, 0], np.int32)
    return lambda: float(borrowed.train_batch(x, lengths, rows, rates, 2.0, 0.0, seed)["loss"])


def keras_step(network, cell):
    """One training step of the same network of stock Keras layers."""
    import keras

    _, autoencoder = embedder(network, cell).fit(batch()).to_keras()
    x = batch()

    def rmse(target, reconstruction):
        return keras.ops.sqrt(keras.ops.mean(keras.ops.square(target - reconstruction)))

    autoencoder.compile(keras.optimizers.Adam(1e-3, clipvalue=2), loss=rmse, jit_compile=False)
    return lambda: float(autoencoder.train_on_batch(x, x))


def torch_step(network, cell):
    """One training step of the same network over time of PyTorch's fused layers."""
    import torch
    from torch import nn

    layer = nn.LSTM if cell == "lstm" else nn.GRU
    encoder, forward, backward = (layer(N_FEATURES, N_UNITS, N_LAYERS) for _ in range(3))
    n_states = N_LAYERS * N_UNITS * (2 if cell == "lstm" else 1)
    representation, reconstruction = nn.Linear(n_states, 2 * n_states), nn.Linear(2 * N_UNITS, N_FEATURES)
    modules = nn.ModuleList([encoder, forward, backward, representation, reconstruction])
    adam = torch.optim.Adam(modules.parameters(), 1e-3)
    x = torch.from_numpy(batch()).transpose(0, 1).contiguous()

    def states(z):
        pieces = [piece.contiguous() for piece in z.reshape(BATCH_SIZE, -1, N_LAYERS, N_UNITS).permute(1, 2, 0, 3)]
        return tuple(pieces) if cell == "lstm" else pieces[0]

    def step():
        adam.zero_grad()
        target = x.flip(0)
        expected = torch.cat([torch.zeros_like(target[:1]), target[:-1]])
        final = encoder(x)[1]
        vector = torch.cat([s for layer in (final if cell == "lstm" else [final]) for s in layer], dim=-1)
        first, second = torch.tanh(representation(vector)).chunk(2, dim=-1)
        outputs = [forward(expected, states(first))[0], backward(expected.flip(0), states(second))[0].flip(0)]
        loss = (target - torch.tanh(reconstruction(torch.cat(outputs, dim=-1)))).square().mean().sqrt()
        loss.backward()
        torch.nn.utils.clip_grad_value_(modules.parameters(), 2)
        adam.step()
        return float(loss.detach())

    return step


def torch_contrastive_step(network, cell):
    """One training step of the same encoder, head and views in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional

    channels, strides, n_units, n_instances, crop = (1, 24, 48, 96), ((2, 2), (1, 2), (2, 2)), 192, BATCH_SIZE, 64
    convolutions = [
        nn.Sequential(nn.Conv2d(*pair, 3, stride, padding=1, bias=False), nn.BatchNorm2d(pair[1]), nn.ReLU())
        for pair, stride in zip(itertools.pairwise(channels), strides, strict=True)
    ]
    stem = nn.Sequential(*convolutions)
    project = nn.Sequential(
        nn.Linear(N_FEATURES // 8 * channels[-1], n_units), nn.LayerNorm(n_units, elementwise_affine=False), nn.ReLU()
    )
    recurrent = (nn.LSTM if cell == "lstm" else nn.GRU)(n_units, n_units)
    head, vectors = nn.Linear(2 * n_units, 128), nn.Linear(128, n_instances, bias=False)
    modules = nn.ModuleList([stem, project, recurrent, head, vectors])
    adam = torch.optim.AdamW(modules.parameters(), 3e-3, weight_decay=1e-4)
    x, rows = torch.from_numpy(batch()), torch.arange(BATCH_SIZE)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(BATCH_SIZE, *shape)

    def mask(view, size, dim):
        length = uniform(0, 0.2, 1) * size
        start = torch.rand(BATCH_SIZE, 1) * (size - length)
        places = torch.arange(size)[None]
        masked = (places >= start.floor()) & (places < start.floor() + length.round())
        return view.masked_fill(masked.unsqueeze(3 - dim), -1)

    def views():
        starts = torch.randint(0, N_STEPS - crop + 1, (BATCH_SIZE, 1)) + torch.arange(crop)
        view = x[rows[:, None], starts]
        scales = torch.exp(uniform(-0.3, 0.3, 2))
        grid = torch.zeros(BATCH_SIZE, 2, 3)
        grid[:, 0, 0], grid[:, 1, 1] = scales.T
        grid[:, :, 2] = uniform(-0.15, 0.15, 2)
        points = functional.affine_grid(grid, (BATCH_SIZE, 1, crop, N_FEATURES), align_corners=False)
        # what comes from outside is zero, and silence -1
        view = functional.grid_sample(view[:, None] + 1, points, align_corners=False)[:, 0] - 1
        view = view + uniform(-0.3, 0.3, 1, 1)
        view = view + uniform(-0.2, 0.2, 1, 1) * torch.linspace(-1, 1, crop)[:, None]
        view = view + uniform(-0.2, 0.2, 1, 1) * torch.linspace(-1, 1, N_FEATURES)
        view = (view + 0.05 * torch.randn_like(view)).clamp(-1, 1)
        for _ in range(2):
            view = mask(mask(view, crop, 1), N_FEATURES, 2)
        return view

    def step():
        adam.zero_grad()
        with torch.no_grad():
            view = views()
        maps = stem(view[:, None])
        steps = project(maps.permute(2, 0, 3, 1).flatten(2))
        outputs = recurrent(steps)[0]
        z = torch.cat([outputs.mean(0), outputs.amax(0)], dim=-1)
        cosines = functional.normalize(head(z), dim=-1) @ functional.normalize(vectors.weight, dim=-1).T
        loss = functional.cross_entropy(cosines / 0.1, rows)
        loss.backward()
        torch.nn.utils.clip_grad_value_(modules.parameters(), 2)
        adam.step()
        return float(loss.detach())

    return step


def product_step(network, cell):
    """Only the matrix products of a step of the network over time, in NumPy."""
    import numpy as np

    n_gates = 4 if cell == "lstm" else 3
    rng = np.random.default_rng(0)

    def draw(*shape):
        return rng.standard_normal(shape, np.float32)

    rows = N_STEPS * BATCH_SIZE
    h, gates, recurrent = (
        draw(BATCH_SIZE, N_UNITS),
        draw(BATCH_SIZE, n_gates * N_UNITS),
        draw(N_UNITS, n_gates * N_UNITS),
    )
    states, all_gates, outputs = draw(rows, N_UNITS), draw(rows, n_gates * N_UNITS), draw(rows, 2 * N_UNITS)
    inputs = [draw(rows, N_FEATURES), states]
    kernels = [draw(N_FEATURES, n_gates * N_UNITS), recurrent]
    dense, errors = draw(2 * N_UNITS, N_FEATURES), draw(rows, N_FEATURES)

    def layer(level, needs_input_gradient):
        inputs[level] @ kernels[level]
        for _ in range(N_STEPS):
            h @ recurrent
        for _ in range(N_STEPS):
            gates @ recurrent.T
        states.T @ all_gates
        inputs[level].T @ all_gates
        if needs_input_gradient:
            all_gates @ kernels[level].T

    def step():
        for _ in range(3):  # the encoder and both directions of the decoder
            layer(0, needs_input_gradient=False)
            layer(1, needs_input_gradient=True)
        outputs @ dense, errors @ dense.T, outputs.T @ errors

    return step


# each with its function, and whether it is one of those for which `--threads` counts
CONTENDERS = {
    "skaudeep": (skaudeep_step, True),
    "skaudeep, dropout": (lambda network, cell: skaudeep_step(network, cell, dropout=0.2), True),
    "skaudeep, ragged": (lambda network, cell: skaudeep_step(network, cell, ragged=True), True),
    "skaudeep, untouched threads": (skaudeep_step, False),
    "keras": (keras_step, False),
    "keras, our threads": (keras_step, True),
    "torch": (
        lambda network, cell: (torch_contrastive_step if network == "contrastive" else torch_step)(network, cell),
        False,
    ),
    "products": (product_step, False),
}

# those that do not take part, by network
ABSENT = {
    "time": (),
    "frequency": ("torch", "products"),
    "frequency-time": ("torch", "products"),
    "contrastive": ("keras", "keras, our threads", "products"),
}


def measure(name, arguments):
    """In this process: seconds of the first step, tracing included, and of the median later one."""
    make_step, follows_threads = CONTENDERS[name]
    if follows_threads:
        arrange_threads(arguments.threads)
    step = make_step(arguments.network, arguments.cell)
    seconds = []
    for _ in range(arguments.steps + 1):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "step": statistics.median(seconds[1:])}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="processes per contender")
    parser.add_argument("--steps", type=int, default=6, help="steps to time in each")
    parser.add_argument("--network", choices=["time", "frequency", "frequency-time", "contrastive"], default="time")
    parser.add_argument("--cell", choices=["gru", "lstm"], default="gru")
    add_threads_option(parser)
    parser.add_argument("--only", choices=CONTENDERS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(measure(arguments.only, arguments)))
        return
    chosen = {name: getattr(arguments, name) for name in ("network", "cell", "steps", "threads")}
    options = [part for name, value in chosen.items() for part in (f"--{name}", value)]
    absent = ABSENT[arguments.network]
    names = [name for name in CONTENDERS if name not in absent]
    contenders = {name: ["--only", name, *options] for name in names if takes_part(name, arguments.threads)}
    seconds = {name: medians(runs) for name, runs in in_turns(__file__, contenders, arguments.repeats).items()}
    ours = seconds["skaudeep"]["step"]
    ratios = {name: round(values["step"] / ours, 2) for name, values in seconds.items() if name != "skaudeep"}
    print(json.dumps(chosen | {"seconds": seconds, "times as fast as": ratios}, indent=1))


if __name__ == "__main__":
    main()
