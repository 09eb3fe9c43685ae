"""What a fit costs beside its training steps: the first one of a process, and those that follow.

    python benchmarks/refit.py [--units 256] [--rows 100] [--repeats 3] [--threads fastest]

In one fresh process, one after the other: a first fit, a second one of the same estimator, a clone with another
`random_state`, one on another number of rows, one on longer sequences, two on sequences of unequal lengths, and one in
a thread. An epoch is a full batch and a smaller one. Figures are seconds, medians over the processes:

- "until first step": from the call of ``fit`` until its first training step begins;
- "first step beyond later ones": the first step less the median of the same step in later epochs; tracing is here;
- "start-up": the whole fit less all of its steps at the pace of the later epochs; what ends an epoch is in it too;
- "epoch": the steps of a later epoch, for comparison.

TensorFlow is imported before all of them, which is reported as "import of TensorFlow".

"share of the first" is a start-up divided by that of the first fit. The first ragged fit traces the network for ragged
input and may cost what a first fit does; the second must not. Differences of a few hundredths of a second are noise.
"""

import argparse
import json
import statistics
import threading
import time

from _processes import add_threads_option, arrange_threads, in_turns, medians, stopwatch

N_STEPS, N_FEATURES, BATCH_SIZE = 124, 128, 64


def timed_fit(estimator, X):
    """Fit, and take the seconds apart."""
    watch, begins, ends = stopwatch("train_batch")
    start = time.perf_counter()
    estimator.fit(X, callbacks=[watch])
    total = time.perf_counter() - start
    steps = [end - begin for begin, end in zip(begins, ends, strict=True)]
    per_epoch = len(steps) // estimator.max_epochs
    # a batch at the same place of each epoch has the same size
    later = [statistics.median(steps[i + per_epoch :: per_epoch]) for i in range(per_epoch)]
    return {
        "until first step": begins[0] - start,
        "first step beyond later ones": steps[0] - later[0],
        "start-up": total - estimator.max_epochs * sum(later),
        "epoch": sum(later),
    }


def draw(n, n_steps=N_STEPS):
    import numpy as np

    return np.random.default_rng(n + n_steps).uniform(-1, 1, (n, n_steps, N_FEATURES)).astype(np.float32)


def draw_ragged(n, seed):
    import numpy as np

    lengths = np.random.default_rng(seed).integers(N_STEPS // 2, N_STEPS + 1, n)
    return [x[:length] for x, length in zip(draw(n), lengths, strict=True)]


def in_a_thread(function, *arguments):
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()
    thread.join()
    return results[0]


def measure(arguments):
    """In this process: all fits, in this order."""
    arrange_threads(arguments.threads)
    from sklearn.base import clone

    from skaudeep import Seq2SeqAutoencoderEmbedder
    from skaudeep._engine import start_tensorflow

    begin = time.perf_counter()
    start_tensorflow()
    import keras  # noqa: F401

    imports = time.perf_counter() - begin
    first = Seq2SeqAutoencoderEmbedder(
        n_units=arguments.units,
        bidirectional_decoder=True,
        batch_size=BATCH_SIZE,
        max_epochs=arguments.epochs,
        random_state=0,
    )
    other, n = clone(first).set_params(random_state=1), arguments.rows
    fits = {
        "first": timed_fit(first, draw(n)),
        "second, same estimator": timed_fit(first, draw(n)),
        "clone, other random_state": timed_fit(other, draw(n)),
        "other number of rows": timed_fit(clone(first), draw(n + 20)),
        "longer sequences": timed_fit(clone(first), draw(n, N_STEPS + 20)),
        "first ragged": timed_fit(clone(first), draw_ragged(n, seed=0)),
        "second ragged, other lengths": timed_fit(clone(first), draw_ragged(n, seed=1)),
        "in a thread": in_a_thread(timed_fit, clone(first), draw(n)),
    }
    return fits | {"import of TensorFlow": {"seconds": imports}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=256, help="units of each of the two layers")
    parser.add_argument("--rows", type=int, default=100, help=f"sequences; more than one batch, which is {BATCH_SIZE}")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of each fit, at least 2")
    parser.add_argument("--repeats", type=int, default=3, help="processes")
    add_threads_option(parser)
    parser.add_argument("--only", choices=["fits"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.epochs < 2 or arguments.rows <= BATCH_SIZE:
        parser.error(f"at least 2 epochs and {BATCH_SIZE + 1} rows are needed, to tell later steps from the first")
    if arguments.only:
        print(json.dumps(measure(arguments)))
        return
    options = {"--units": arguments.units, "--rows": arguments.rows, "--epochs": arguments.epochs}
    options = [word for pair in options.items() for word in pair] + ["--threads", arguments.threads]
    runs = in_turns(__file__, {"fits": ["--only", "fits", *options]}, arguments.repeats)["fits"]
    seconds = {name: medians([run[name] for run in runs]) for name in runs[0]}
    imports = seconds.pop("import of TensorFlow")["seconds"]
    first = seconds["first"]["start-up"]
    shares = {name: round(values["start-up"] / first, 3) for name, values in seconds.items() if name != "first"}
    result = {"units": arguments.units, "import of TensorFlow": imports, "seconds": seconds}
    print(json.dumps(result | {"share of the first": shares}, indent=1))


if __name__ == "__main__":
    main()
