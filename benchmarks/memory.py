"""Peak memory of training on ESC-10, and of a data set that is larger than it should take.

    python benchmarks/memory.py [--shared ../shared] [--gigabytes 4] [--repeats 1] [--folder /var/tmp]

"ESC-10 training": the paper's network (two layers of 256 units, bidirectional decoder, dropout 0.2) is fitted for two
epochs on 400 spectrograms of 124 frames and 128 bands. With ``--shared``, the folder that holds ``data/ESC-10``, these
are extracted in the same process first, otherwise they are random numbers. Target: at most 1200 MB.

"larger file": a NetCDF file of so many gigabytes (variable ``features``, uncompressed) is written part by part, opened
lazily with xarray, and fitted for one epoch by a small network in one process and transformed in another. Target: at
most 1500 MB each, whatever the size of the file. The file is removed at the end; ``--folder`` says where it is for
that while, which should be a disk and not memory.

Figures are the largest resident memory of a process so far, in MB (10**6 bytes), when each stage is over, hence never
falling within a process; every process is fresh, and the figures are medians over ``--repeats`` of them.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from _processes import add_threads_option, arrange_threads, in_turns, medians, peak_memory

N_STEPS, N_FEATURES = 124, 128
TARGETS = {"ESC-10 training": 1200, "larger file": 1500}


class Stages:
    """Notes peak memory and seconds at the end of each stage."""

    def __init__(self):
        self.result, self.start = {}, time.perf_counter()

    def end(self, stage):
        now = time.perf_counter()
        self.result[f"MB after {stage}"] = peak_memory()
        self.result[f"seconds of {stage}"] = now - self.start
        self.start = now


def imports(arguments):
    """Names of the package, then TensorFlow, both as every fit needs them; nothing may be imported before."""
    stages = Stages()
    arrange_threads(arguments.threads)
    from skaudeep import Seq2SeqAutoencoderEmbedder, SpectrogramTransformer  # noqa: F401

    stages.end("imports")
    from skaudeep._engine import start_tensorflow

    start_tensorflow()
    import keras  # noqa: F401

    stages.end("start of TensorFlow")
    return stages


def spectrograms(shared):
    """The 400 spectrograms of ESC-10, or as many random numbers."""
    if shared is None:
        import numpy as np

        shape = (400, N_STEPS, N_FEATURES)
        return np.random.default_rng(0).random(shape, np.float32) * np.float32(2) - np.float32(1)
    from skaudeep import SpectrogramTransformer
    from skaudeep.datasets import load_esc

    transformer = SpectrogramTransformer(fixed_length=5, center_fixed=True, clip_below=-60)
    return transformer.fit_transform(load_esc(shared / "data" / "ESC-10").data)


def esc10(arguments):
    """In this process: the fit on ESC-10."""
    stages = imports(arguments)
    from skaudeep import Seq2SeqAutoencoderEmbedder

    X = spectrograms(arguments.shared)
    stages.end("spectrograms")
    embedder = Seq2SeqAutoencoderEmbedder(
        n_layers=2, n_units=256, bidirectional_decoder=True, dropout=0.2, max_epochs=2, random_state=0
    )
    embedder.fit(X)
    stages.end("fit")
    embedder.transform(X)
    stages.end("transform")
    return stages.result


def lazy_features(path):
    """The variable of the file, of which nothing is read yet."""
    import xarray as xr

    # without `chunks={}`, by which dask takes such a file as one chunk, and reads all of it for every batch
    return xr.open_dataset(path, engine="netcdf4")["features"]


def fit_file(arguments):
    """In this process: one epoch on the file; leaves the embedder beside it."""
    stages = imports(arguments)
    from skaudeep import Seq2SeqAutoencoderEmbedder

    embedder = Seq2SeqAutoencoderEmbedder(
        n_layers=arguments.layers,
        n_units=arguments.units,
        batch_size=arguments.batch_size,
        max_epochs=1,
        random_state=0,
    )
    embedder.fit(lazy_features(arguments.file))
    stages.end("fit")
    embedder.save(arguments.file.with_name("embedder.npz"))
    return stages.result


def transform_file(arguments):
    """In this process: the fitted embedder on the whole file."""
    stages = imports(arguments)
    from skaudeep import Seq2SeqAutoencoderEmbedder

    embedder = Seq2SeqAutoencoderEmbedder.load(arguments.file.with_name("embedder.npz"))
    embedder.transform(lazy_features(arguments.file))
    stages.end("transform")
    return stages.result


def write_file(path, gigabytes):
    """Write a NetCDF file of random numbers part by part; gives its number of instances."""
    import netCDF4
    import numpy as np

    n = max(1, round(gigabytes * 1e9 / (N_STEPS * N_FEATURES * 4)))
    random = np.random.default_rng(0)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("instance", n), ("time", N_STEPS), ("freq", N_FEATURES)):
            file.createDimension(name, size)
        features = file.createVariable("features", "f4", ("instance", "time", "freq"), contiguous=True)
        for start in range(0, n, 512):
            shape = (min(512, n - start), N_STEPS, N_FEATURES)
            features[start : start + shape[0]] = random.random(shape, np.float32) * 2 - 1
    return n


PROCESSES = {"ESC-10 training": esc10, "larger file, fit": fit_file, "larger file, transform": transform_file}


def compare(arguments):
    """Run everything; gives what is to be printed."""
    options = ["--threads", arguments.threads, "--layers", arguments.layers, "--units", arguments.units]
    options += ["--batch-size", arguments.batch_size]
    shared = [] if arguments.shared is None else ["--shared", arguments.shared]
    options_of_esc10 = ["--only", "ESC-10 training", "--threads", arguments.threads, *shared]
    runs, n = in_turns(__file__, {"ESC-10 training": options_of_esc10}, arguments.repeats), 0
    if arguments.gigabytes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            path = Path(folder, "features.nc")
            n = write_file(path, arguments.gigabytes)
            names = [name for name in PROCESSES if name.startswith("larger file")]  # the fit comes first
            contenders = {name: ["--only", name, "--file", path, *options] for name in names}
            runs = runs | in_turns(__file__, contenders, arguments.repeats)
    figures = {name: medians(results, digits=1) for name, results in runs.items()}
    peaks = {name: max(value for key, value in values.items() if "MB" in key) for name, values in figures.items()}
    targets = {name: TARGETS[name.partition(",")[0]] for name in peaks}
    met = {name: {"MB": peak, "target": targets[name], "met": peak <= targets[name]} for name, peak in peaks.items()}
    spectrogram_source = "random numbers" if arguments.shared is None else "ESC-10"
    sizes = {"spectrograms": spectrogram_source, "gigabytes": arguments.gigabytes, "instances in file": n}
    return sizes | {"stages": figures, "peaks": met}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, help="folder that holds data/ESC-10")
    parser.add_argument("--gigabytes", type=float, default=4.0, help="size of the file; 0 leaves this part out")
    parser.add_argument("--layers", type=int, default=1, help="of the network for the file")
    parser.add_argument("--units", type=int, default=16, help="of the network for the file")
    parser.add_argument("--batch-size", type=int, default=64, help="of the fit on the file")
    parser.add_argument("--repeats", type=int, default=1, help="processes of each kind")
    parser.add_argument("--folder", type=Path, help="where the file is for a while (default: the system's)")
    add_threads_option(parser)
    parser.add_argument("--only", choices=PROCESSES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    result = PROCESSES[arguments.only](arguments) if arguments.only else compare(arguments)
    print(json.dumps(result, indent=None if arguments.only else 1))


if __name__ == "__main__":
    main()
