"""Seconds per epoch and peak memory against the number of sequences and their length.

    python benchmarks/scaling.py [--plot scaling.png] [--repeats 3] [--threads fastest]
    python benchmarks/scaling.py --rows 64 128 256 --lengths 25 50 --fixed-rows 64 --fixed-length 20 --repeats 1

A small network (one layer of 64 units, 64 features, batches of 64) is fitted for four epochs on a file of random
numbers that is mapped into memory, at each number of sequences and at each length, every time in a process of its own.
Seconds are those of the median epoch of 2 to 4; figures are medians over the processes. "MB" is the peak of resident
memory (10**6 bytes); of it, "MB mapped" is the file itself, whose pages Linux counts for the process that has read
them and takes back when memory is short.

A line seconds = a + b * size is put through each series, by least squares of the relative deviations, and the largest
of these is reported; the target is 0.15. Steps come in whole batches, and the last batch of an epoch may be small.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

import numpy as np
from _processes import add_threads_option, arrange_threads, in_turns, mapped_memory, medians, peak_memory, stopwatch

N_FEATURES, N_UNITS, BATCH_SIZE, N_EPOCHS = 64, 64, 64, 4


def measure(arguments):
    """In this process: one fit on the file."""
    from skaudeep import Seq2SeqAutoencoderEmbedder

    arrange_threads(arguments.threads)
    embedder = Seq2SeqAutoencoderEmbedder(
        n_layers=1, n_units=N_UNITS, batch_size=BATCH_SIZE, max_epochs=N_EPOCHS, random_state=0
    )
    watch, begins, ends = stopwatch("epoch")
    X = np.load(arguments.only, mmap_mode="r")
    embedder.fit(X, callbacks=[watch])
    seconds = [end - begin for begin, end in zip(begins, ends, strict=True)]
    mapped = mapped_memory(arguments.only)
    return {"seconds": statistics.median(seconds[1:]), "MB": peak_memory(), "MB mapped": mapped}


def write_file(path, n, n_steps):
    """Random numbers, written in parts so that this process stays small."""
    X = np.lib.format.open_memmap(path, "w+", np.float32, (n, n_steps, N_FEATURES))
    random = np.random.default_rng(0)
    for start in range(0, n, 256):
        part = X[start : start + 256]
        part[:] = random.uniform(-1, 1, part.shape)
    X.flush()


def line_through(sizes, seconds):
    """Coefficients of seconds = a + b * size and the largest relative deviation from it."""
    b, a = np.polyfit(sizes, seconds, 1, w=1 / np.asarray(seconds))
    deviation = np.max(np.abs(np.asarray(seconds) / (a + b * np.asarray(sizes)) - 1))
    return {"a": float(f"{a:.4g}"), "b": float(f"{b:.4g}"), "largest relative deviation": round(float(deviation), 3)}


def all_points(arguments):
    """``{(rows, length): figures}`` of every point of both series."""
    points = [(n, arguments.fixed_length) for n in arguments.rows]
    points += [(arguments.fixed_rows, n_steps) for n_steps in arguments.lengths]
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        contenders = {}
        for n, n_steps in dict.fromkeys(points):
            path = Path(folder, f"{n}x{n_steps}.npy")
            write_file(path, n, n_steps)
            contenders[n, n_steps] = ["--only", path, "--threads", arguments.threads]
        runs = in_turns(__file__, contenders, arguments.repeats)
    return {point: medians(results) for point, results in runs.items()}


def series(points, sizes, key_of):
    """Figures of one series, with its line."""
    figures = {size: points[key_of(size)] for size in sizes}
    return figures, line_through(sizes, [figure["seconds"] for figure in figures.values()])


def draw_plot(path, panels):
    """Seconds and MB of each series against its size."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    figure = Figure(figsize=(10, 7), layout="constrained")
    grid = figure.subplots(2, len(panels), sharex="col")
    for column, (label, (figures, line)) in zip(grid.T, panels.items(), strict=True):
        sizes = np.array(sorted(figures))
        column[0].plot(sizes, [figures[size]["seconds"] for size in sizes], "o", label="measured")
        formula = f"{1000 * line['a']:.3g} ms + {1000 * line['b']:.3g} ms * size"
        between = np.geomspace(sizes[0], sizes[-1], 50)
        column[0].plot(between, line["a"] + line["b"] * between, label=formula)
        column[0].set(title=label, ylabel="time per epoch (s)")
        column[0].legend()
        column[1].plot(sizes, [figures[size]["MB"] for size in sizes], "o-", label="peak of resident memory")
        without = [figures[size]["MB"] - figures[size]["MB mapped"] for size in sizes]
        column[1].plot(sizes, without, "s--", label="without the mapped file")
        column[1].set(xlabel=label.partition(",")[0], ylabel="memory (MB)")
        column[1].legend()
        for axes in column:
            axes.set(xscale="log", yscale="log")
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.grid(alpha=0.3, which="both")
        column[1].set_ylim(100, max(2000, 1.2 * max(figure["MB"] for figure in figures.values())))
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 300, 1000, 3000, 10_000])
    parser.add_argument("--lengths", type=int, nargs="+", default=[50, 100, 200, 500, 1000])
    parser.add_argument("--fixed-rows", type=int, default=300, help="sequences while the length varies")
    parser.add_argument("--fixed-length", type=int, default=100, help="length while the number of sequences varies")
    parser.add_argument("--repeats", type=int, default=3, help="processes per point")
    parser.add_argument("--plot", type=Path, help="file for a picture")
    parser.add_argument("--folder", type=Path, help="where the input files are for a while (default: the system's)")
    add_threads_option(parser)
    parser.add_argument("--only", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(measure(arguments)))
        return
    points = all_points(arguments)
    panels = {
        f"number of sequences, each of {arguments.fixed_length} steps": series(
            points, arguments.rows, lambda n: (n, arguments.fixed_length)
        ),
        f"steps of each sequence, {arguments.fixed_rows} sequences": series(
            points, arguments.lengths, lambda n_steps: (arguments.fixed_rows, n_steps)
        ),
    }
    if arguments.plot:
        draw_plot(arguments.plot, panels)
    result = {label: {"points": figures, "line": line} for label, (figures, line) in panels.items()}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
