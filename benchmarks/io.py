"""Speed of ARFF and CSV files beside liac-arff and pandas, and peak memory of a data set larger than it should take.

    python benchmarks/io.py [--rows 10000] [--features 4096] [--gigabytes 3] [--repeats 1] [--folder /var/tmp]

"tables": a data set of so many rows and features, with names and labels, is written to and read from an ARFF file by
skaudeep and by liac-arff, and a CSV file by skaudeep and by pandas, each in a process of its own. Times contain
everything from a data set to a closed file and back to an array. Target: ARFF at least 5 times as fast as liac-arff,
both ways.

"larger data set": a data set of so many gigabytes, made block by block, is written to a NetCDF file, written to another
batch by batch, read lazily, exported as CSV and as ARFF files of five folds, each in a process of its own. Target: at
most 600 MB each. Files are removed at the end; ``--folder`` says where they are for that while, which should be a
disk and not memory, with room for ten times the data set.

MB are 10**6 bytes of resident memory at its peak. Figures are medians over ``--repeats``.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from _processes import in_turns, medians, peak_memory

N_FOLDS, N_CLASSES, BLOCK_ROWS = 5, 10, 1000
TARGETS = {"times as fast as liac-arff": 5, "MB": 600}


def make(n, n_features, lazy):
    """A data set of random features, in memory or made when they are needed."""
    import numpy as np

    from skaudeep.datasets import make_dataset

    def block(first, n_rows):
        return np.tanh(np.random.default_rng(first).standard_normal((n_rows, n_features), np.float32))

    if lazy:
        import dask.array as da

        features = da.map_blocks(
            lambda block_info: block(*_edges(block_info)),
            chunks=(tuple(min(BLOCK_ROWS, n - start) for start in range(0, n, BLOCK_ROWS)), n_features),
            dtype=np.float32,
            meta=np.empty((0, 0), np.float32),
        )
    else:
        features = block(0, n)
    rows = np.arange(n)
    return make_dataset(
        features,
        [f"{row:07}.wav" for row in rows],
        label_nominal=[f"class {row % N_CLASSES}" for row in rows],
        cv_folds=np.eye(N_FOLDS)[rows % N_FOLDS],
    )


def _edges(block_info):
    start, stop = block_info[None]["array-location"][0]
    return start, stop - start


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def skaudeep_tables(arguments, form):
    """Write and read a table with skaudeep."""
    from skaudeep import io

    ds = make(arguments.rows, arguments.features, lazy=False)
    path = arguments.work / f"skaudeep.{form}"
    write, read = (getattr(io, f"{verb}_{form}") for verb in ("write", "read"))
    _, writing = timed(lambda: write(ds, path))
    again, reading = timed(lambda: read(path))
    assert (again["features"].values == ds["features"].values).all()
    return {"write": writing, "read": reading, "MB": peak_memory()}


def rows_of(ds):
    """What a data set is to a library that knows rows of Python objects."""
    columns = [ds[name].values.tolist() for name in ("filename", "chunk_nr", "label_nominal", "label_numeric")]
    return [
        [*row, *values.tolist()] for *row, values in zip(*columns, ds["features"].values.astype(float), strict=True)
    ]


def liac_arff(arguments):
    """The same with liac-arff."""
    import arff
    import numpy as np

    ds = make(arguments.rows, arguments.features, lazy=False)
    names = sorted({str(name) for name in ds["label_nominal"].values})
    heads = [("filename", "STRING"), ("chunk_nr", "INTEGER"), ("label_nominal", names), ("label_numeric", "INTEGER")]
    heads += [(f"feature_{i}", "REAL") for i in range(arguments.features)]
    path = arguments.work / "liac.arff"

    def write():
        with open(path, "w") as file:
            arff.dump({"relation": "benchmark", "attributes": heads, "data": rows_of(ds)}, file)

    def read():
        with open(path) as file:
            return np.array([row[len(heads) - arguments.features :] for row in arff.load(file)["data"]], np.float32)

    _, writing = timed(write)
    features, reading = timed(read)
    assert (features == ds["features"].values).all()
    return {"write": writing, "read": reading, "MB": peak_memory()}


def pandas_csv(arguments):
    """A CSV file with pandas."""
    import pandas as pd

    from skaudeep.datasets import to_frame

    ds = make(arguments.rows, arguments.features, lazy=False)
    path = arguments.work / "pandas.csv"
    _, writing = timed(lambda: to_frame(ds).to_csv(path, index=False))
    frame, reading = timed(lambda: pd.read_csv(path))
    assert len(frame) == arguments.rows
    return {"write": writing, "read": reading, "MB": peak_memory()}


def write(arguments):
    from skaudeep.io import write_netcdf

    write_netcdf(make(arguments.rows, arguments.features, lazy=True), arguments.work / "features.nc")


def append(arguments):
    from skaudeep.io import NetCDFWriter

    ds = make(arguments.rows, arguments.features, lazy=True)
    with NetCDFWriter(arguments.work / "appended.nc") as writer:
        for start in range(0, arguments.rows, BLOCK_ROWS):
            batch = ds.isel(instance=slice(start, start + BLOCK_ROWS))
            names = ("label_nominal", "cv_folds")
            writer.append(batch["features"], batch["filename"].values, **{name: batch[name].values for name in names})


def read(arguments):
    from skaudeep.io import read_netcdf

    with read_netcdf(arguments.work / "features.nc", chunks="auto") as ds:
        assert float(abs(ds["features"]).max()) <= 1


def export(arguments, form):
    from skaudeep.io import export_dataset, read_netcdf

    with read_netcdf(arguments.work / "features.nc", chunks="auto") as ds:
        export_dataset(ds, arguments.work / form, format=form)


TABLES = {
    "ARFF, skaudeep": lambda arguments: skaudeep_tables(arguments, "arff"),
    "ARFF, liac-arff": liac_arff,
    "CSV, skaudeep": lambda arguments: skaudeep_tables(arguments, "csv"),
    "CSV, pandas": pandas_csv,
}
STAGES = {
    "write NetCDF": write,
    "append to NetCDF": append,
    "read NetCDF": read,
    "export CSV": lambda arguments: export(arguments, "csv"),
    "export ARFF": lambda arguments: export(arguments, "arff"),
}


def stage(arguments, work):
    """Run one stage on the larger data set in this process."""
    _, seconds = timed(lambda: work(arguments))
    return {"seconds": seconds, "MB": peak_memory()}


def compare(arguments):
    """Run everything; gives what is to be printed."""
    n = round(arguments.gigabytes * 1e9 / (4 * arguments.features))
    result = {"rows": arguments.rows, "features": arguments.features, "rows of the larger data set": n}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        options = ["--work", folder, "--features", arguments.features]
        runs = {name: ["--only", name, "--rows", arguments.rows, *options] for name in TABLES}
        tables = {name: medians(each) for name, each in in_turns(__file__, runs, arguments.repeats).items()}
        runs = {name: ["--only", name, "--rows", n, *options] for name in STAGES if n}
        stages = {name: medians(each) for name, each in in_turns(__file__, runs, arguments.repeats).items()}
    for form, peer in (("ARFF", "liac-arff"), ("CSV", "pandas")):
        ours, theirs = tables[f"{form}, skaudeep"], tables[f"{form}, {peer}"]
        ratios = {verb: round(theirs[verb] / ours[verb], 2) for verb in ("write", "read")}
        result[f"{form}: times as fast as {peer}"] = ratios
    return result | {"tables": tables, "larger data set": stages, "targets": TARGETS}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000, help="of the tables")
    parser.add_argument("--features", type=int, default=4096, help="of the tables and of the larger data set")
    parser.add_argument("--gigabytes", type=float, default=3.0, help="size of the larger one; 0 leaves it out")
    parser.add_argument("--repeats", type=int, default=1, help="processes of each kind")
    parser.add_argument("--folder", type=Path, help="where the files are for a while (default: the system's)")
    parser.add_argument("--only", choices=[*TABLES, *STAGES], help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only in TABLES:
        result = TABLES[arguments.only](arguments)
    elif arguments.only:
        result = stage(arguments, STAGES[arguments.only])
    else:
        result = compare(arguments)
    print(json.dumps(result, indent=None if arguments.only else 1))


if __name__ == "__main__":
    main()
