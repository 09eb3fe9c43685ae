"""Sequences embedded per second, against stock Keras layers and PyTorch.

    python benchmarks/embedding.py [--rows 2000] [--repeats 3] [--threads fastest]

The network is the paper's for ESC-10: 124 frames of 128 mel bands, an encoder of two layers of 256 units, a
representation of 1024 numbers; only the encoder runs. All contenders embed the same float32 array with the same
weights, in batches of the size that ``transform`` chooses, and each says how far its result is from that of
``transform`` in this process ("largest difference"). Every contender runs in processes of its own, in turns; each
embeds one batch to warm up ("first batch", in seconds, tracing included) and then the whole array ``--passes`` times.
Figures are medians. PyTorch takes part where it is installed.

With ``--threads fastest``, "skaudeep" calls ``skaudeep.set_threads()`` first, and "skaudeep, untouched threads" is the
same without; with ``--threads default`` nobody calls it. "times as fast as" gives, for each peer, the sequences per
second of "skaudeep" divided by the peer's: above 1, skaudeep is faster.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from _processes import add_threads_option, arrange_threads, in_turns, medians, takes_part

from skaudeep import Seq2SeqAutoencoderEmbedder

N_STEPS, N_FEATURES, N_LAYERS, N_UNITS, N_CHECKED = 124, 128, 2, 256, 128


def draw(n):
    return np.random.default_rng(0).uniform(-1, 1, (n, N_STEPS, N_FEATURES)).astype(np.float32)


def transform(model):
    """The embedder itself."""
    return model.transform


def keras_predict(model):
    """The encoder of stock Keras layers, by Keras's own loop over batches."""
    encoder, _ = model.to_keras()
    return lambda x: encoder.predict(x, batch_size=model._inference_batch_size, verbose=0)


def torch_encode(model):
    """The encoder of PyTorch's fused layers."""
    import torch
    from torch import nn

    weights = {name: torch.from_numpy(value) for name, value in model.weights_.items()}
    gru = nn.GRU(N_FEATURES, N_UNITS, N_LAYERS, batch_first=True)
    dense = nn.Linear(N_LAYERS * N_UNITS, model.embedding_dim_)

    def gates(value):
        """Columns by gate z, r, h, as Keras has them, to rows by gate r, z, h."""
        z, r, h = value.chunk(3, dim=-1)
        return torch.cat([r, z, h], dim=-1).T

    with torch.inference_mode():
        for layer in range(N_LAYERS):
            prefix = f"encoder.forward.{layer}"
            biases = weights[f"{prefix}.bias"]
            getattr(gru, f"weight_ih_l{layer}").copy_(gates(weights[f"{prefix}.kernel"]))
            getattr(gru, f"weight_hh_l{layer}").copy_(gates(weights[f"{prefix}.recurrent_kernel"]))
            getattr(gru, f"bias_ih_l{layer}").copy_(gates(biases[0]))
            getattr(gru, f"bias_hh_l{layer}").copy_(gates(biases[1]))
        dense.weight.copy_(weights["representation.kernel"].T)
        dense.bias.copy_(weights["representation.bias"])

    def encode(x):
        batches = torch.from_numpy(x).split(model._inference_batch_size)
        with torch.inference_mode():
            vectors = [torch.tanh(dense(torch.cat(tuple(gru(batch)[1]), dim=-1))) for batch in batches]
            return torch.cat(vectors).numpy()

    return encode


# each with its function, and whether it is one of those for which `--threads` counts
CONTENDERS = {
    "skaudeep": (transform, True),
    "skaudeep, untouched threads": (transform, False),
    "keras": (keras_predict, False),
    "torch": (torch_encode, False),
}


def measure(name, arguments):
    """In this process: sequences per second of the median pass."""
    make_encode, follows_threads = CONTENDERS[name]
    if follows_threads:
        arrange_threads(arguments.threads)
    model = Seq2SeqAutoencoderEmbedder.load(arguments.folder / "model.npz")
    encode, x = make_encode(model), draw(arguments.rows)
    start = time.perf_counter()
    encode(x[: model._inference_batch_size])
    first = time.perf_counter() - start
    seconds = []
    for _ in range(arguments.passes):
        start = time.perf_counter()
        embeddings = encode(x)
        seconds.append(time.perf_counter() - start)
    expected = np.load(arguments.folder / "expected.npy")
    return {
        "first batch": first,
        "sequences per second": len(x) / statistics.median(seconds),
        "largest difference": float(np.abs(embeddings[: len(expected)] - expected).max()),
    }


def compare(arguments):
    """Run all contenders on one network; gives what is to be printed."""
    with tempfile.TemporaryDirectory() as folder:
        x = draw(min(arguments.rows, N_CHECKED))
        model = Seq2SeqAutoencoderEmbedder(
            n_layers=N_LAYERS, n_units=N_UNITS, bidirectional_decoder=True, max_epochs=0, random_state=0
        ).fit(x)
        model.save(Path(folder, "model.npz"))
        np.save(Path(folder, "expected.npy"), model.transform(x))
        options = ["--rows", arguments.rows, "--passes", arguments.passes, "--threads", arguments.threads]
        names = [name for name in CONTENDERS if takes_part(name, arguments.threads)]
        contenders = {name: ["--only", name, "--folder", folder, *options] for name in names}
        runs = in_turns(__file__, contenders, arguments.repeats)
    results = {name: medians(results, digits=7) for name, results in runs.items()}
    rates = {name: result["sequences per second"] for name, result in results.items()}
    return {
        "rows": arguments.rows,
        "batch": model._inference_batch_size,
        "threads": arguments.threads,
        "sequences per second": {name: round(rate, 1) for name, rate in rates.items()},
        "first batch": {name: round(result["first batch"], 3) for name, result in results.items()},
        "largest difference": {name: result["largest difference"] for name, result in results.items()},
        "times as fast as": {name: round(rates["skaudeep"] / rates[name], 2) for name in rates if name != "skaudeep"},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2000, help="sequences to embed")
    parser.add_argument("--passes", type=int, default=2, help="times to embed all of them in each process")
    parser.add_argument("--repeats", type=int, default=3, help="processes per contender")
    add_threads_option(parser)
    parser.add_argument("--only", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    result = measure(arguments.only, arguments) if arguments.only else compare(arguments)
    print(json.dumps(result, indent=None if arguments.only else 1))


if __name__ == "__main__":
    main()
