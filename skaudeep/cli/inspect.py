"""``skaudeep inspect``: what is in a corpus, or in a data set."""

from skaudeep.cli._arguments import UsageError, add_command, add_group, add_jobs, add_json, integer
from skaudeep.cli._corpus import add_corpus, load
from skaudeep.cli._printing import make_table, print_results, verbosity


def add_parser(commands):
    """Add the parsers of these commands."""
    group = add_group(commands, "inspect", help="count what is in a corpus or a data set")
    raw = add_command(
        group,
        "raw",
        run_raw,
        help="count the recordings of a corpus",
        description="Count the recordings of a corpus: classes, folds, partitions, lengths, sample rates, and the "
        "files that cannot be read. Only the headers of the files are read.",
        examples=["inspect raw --basedir ESC-10", "inspect raw --basedir sounds --parser partitioned --json"],
    )
    add_corpus(raw)
    add_jobs(raw)
    add_json(raw)
    netcdf = add_command(
        group,
        "netcdf",
        run_netcdf,
        help="count the instances of a data set",
        description="Count the instances of a data set: classes, folds, partitions and chunks.",
        examples=["inspect netcdf --input features.nc", "inspect netcdf --input features.nc --instance 0"],
    )
    netcdf.add_argument("--input", metavar="FILE", required=True, help="data set, a NetCDF file")
    netcdf.add_argument("--instance", metavar="I", type=integer(0), help="show this instance, counted from 0")
    netcdf.add_argument(
        "--detailed-folds", action="store_true", help="also count the instances of each class in each fold"
    )
    netcdf.add_argument(
        "--values", action="store_true", help="also look at the features: their range, missing and constant ones"
    )
    add_json(netcdf)


def run_raw(arguments):
    """Run ``inspect raw``."""
    from skaudeep.datasets import inspect_corpus

    corpus = load(arguments, on_unreadable="skip")
    info = inspect_corpus(corpus, n_jobs=arguments.n_jobs, verbose=verbosity(arguments))
    brief = _brief(
        info, ("recordings", info.n_recordings), ("files", info.n_files), ("unreadable", len(info.unreadable))
    )
    print_results(arguments, data=info.to_dict(), brief=brief, show=str(info))


def run_netcdf(arguments):
    """Run ``inspect netcdf``."""
    from skaudeep.datasets import inspect_dataset
    from skaudeep.io.netcdf import check_file, open_lazily

    check_file(arguments.input)
    with open_lazily(arguments.input) as ds:
        info = inspect_dataset(ds, values=arguments.values)
        data, show = info.to_dict(), [str(info)]
        if arguments.detailed_folds:
            data["classes_in_folds"] = folds = _count_folds(ds)
            show += ["", _fold_table(folds) if folds else "There are no folds."]
        if arguments.instance is not None:
            data["instance"] = instance = _describe_instance(ds, arguments.instance)
            rows = [(name, f"{v:.6g}" if isinstance(v, float) else v) for name, v in instance.items()]
            show += ["", make_table(["instance", str(arguments.instance)], rows)]
        brief = _brief(info, ("instances", info.n_instances), ("files", info.n_files))
        print_results(arguments, data=data, brief=brief, show=show)


def _brief(info, *counts):
    """Write the counts for -q: lines of a name, a tabulator and a number."""
    counts = [*counts, ("classes", len(info.labels)), ("unlabelled", info.n_unlabelled), ("folds", len(info.folds))]
    return "\n".join(f"{name}\t{count}" for name, count in [*counts, *info.partitions.items()])


def _count_folds(ds):
    """Count the instances of each class in the splits of each fold."""
    from skaudeep.datasets import inspect_dataset

    return [
        {
            "fold": fold + 1,
            **{
                split: _count_classes(inspect_dataset(ds.isel(instance=ds["cv_folds"].values[:, fold] == number)))
                for number, split in enumerate(("training", "validation"))
            },
        }
        for fold in range(ds.sizes["fold"])
    ]


def _count_classes(info):
    return info.labels | ({"(no label)": info.n_unlabelled} if info.n_unlabelled else {})


def _fold_table(folds):
    splits = [fold[split] for fold in folds for split in ("training", "validation")]
    classes = dict.fromkeys(name for counts in splits for name in counts)
    return make_table(
        ["class", *(f"fold {fold['fold']}" for fold in folds)],
        [
            [name, *(f"{fold['training'].get(name, 0)} / {fold['validation'].get(name, 0)}" for fold in folds)]
            for name in classes
        ],
        title="Instances for training / validation",
    )


def _describe_instance(ds, index):
    """What is known of an instance, by name."""
    from skaudeep.datamodel import PARTITIONS, TARGETS, get_targets
    from skaudeep.datasets import inspect_dataset

    n = ds.sizes["instance"]
    if index >= n:
        raise UsageError(f"--instance {index}: the instances are counted from 0 to {n - 1}")
    one = ds.isel(instance=[index])
    info = inspect_dataset(one, values=True)
    known = {
        name: one[name].values[0] for name in ("filename", "chunk_nr", "label_nominal", "label_numeric", "partition")
    }
    known = {name: None if value != value or value == "" else value for name, value in known.items()}
    if known["partition"] is not None:
        known["partition"] = PARTITIONS[int(known["partition"])]
    if TARGETS in one:
        known |= {f"target {name}": numbers.iloc[0] for name, numbers in get_targets(one).items()}
    if "group" in one:
        known["group"] = one["group"].values[0]
    folds = one["cv_folds"].values[0]
    for split, number in (("training", 0), ("validation", 1)):
        known[f"{split} in folds"] = ", ".join(str(k) for k, value in enumerate(folds, 1) if value == number) or None
    shape = " x ".join(f"{size} {dim}" for dim, size in info.feature_shape.items())
    values = {name: info.values[name] for name in ("min", "max", "mean", "n_nan", "n_infinite")}
    return {name: str(value) if isinstance(value, str) else value for name, value in known.items()} | {
        "features": shape,
        **values,
    }
