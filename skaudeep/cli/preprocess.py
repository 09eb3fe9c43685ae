"""``skaudeep preprocess``: spectrograms of all recordings of a corpus."""

import itertools
import logging
import time
from pathlib import Path

from skaudeep.cli._arguments import UsageError, add_command, add_jobs, add_json, choice, integer
from skaudeep.cli._corpus import add_corpus, corpus_files, load, recordings
from skaudeep.cli._outputs import prepare_output
from skaudeep.cli._printing import make_table, print_results, verbosity
from skaudeep.cli._settings import add_settings, parameter_type, read_settings

_log = logging.getLogger(__name__)

#: Parameters of which several values can be given.
_SEVERAL = ("clip_below", "channels")


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "preprocess",
        run,
        help="extract spectrograms from the recordings of a corpus",
        description="Extract spectrograms from all recordings of a corpus. Several clip levels or channels are "
        "extracted at once, each combination to a file of its own. What has been extracted survives an interruption: "
        "the same command goes on from there.",
        examples=[
            "preprocess --basedir ESC-10 --window-width 0.08 --window-overlap 0.04 --mel-spectrum 128 "
            "--fixed-length 5 --center-fixed --clip-below -60 --output 60dB.nc",
            "preprocess --basedir ESC-10 --mel-spectrum 128 --fixed-length 5 --clip-below -30 -45 -60 none",
            "preprocess --basedir ESC-10 --mel-spectrum 128 --fixed-length 5 --pretend 0 --figure first.png",
        ],
        words={"resume=False": "--restart"},
    )
    add_corpus(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        nargs="+",
        default=["./spectrograms.nc"],
        help="data set to write, a NetCDF file; of several combinations NAME.nc becomes NAME-30dB.nc, NAME-left.nc, "
        "NAME-30dB-left.nc and so on, or give as many names (default: ./spectrograms.nc)",
    )
    add_settings(parser, several=True)
    parser.add_argument(
        "--chunk-length",
        metavar="SECONDS",
        type=parameter_type("chunk_length"),
        help="cut spectrograms into chunks of this length",
    )
    parser.add_argument(
        "--chunk-count",
        metavar="N",
        type=parameter_type("chunk_count"),
        help="number of chunks, from the beginning (default: all)",
    )
    parser.add_argument(
        "--on-error",
        metavar="{raise,skip}",
        type=choice("raise", "skip"),
        default="raise",
        help="what to do about recordings that cannot be analysed, after all others have been extracted: end with an "
        "error that names them, or leave them out; and about files in formats that are not read, such as .m4a, before "
        "anything is extracted (default: %(default)s)",
    )
    parser.add_argument(
        "--restart", action="store_true", help="begin anew instead of going on from what an interrupted run has left"
    )
    parser.add_argument(
        "--pretend",
        metavar="INDEX",
        type=integer(0),
        help="write nothing, but show the spectrogram of this recording, counted from 0, and a histogram of its levels",
    )
    parser.add_argument("--figure", metavar="FILE", help="with --pretend: save the figure instead of opening a window")
    add_jobs(parser, "recordings")
    add_json(parser)


def run(arguments):
    """Run the command."""
    if arguments.figure is not None and arguments.pretend is None:
        raise UsageError("--figure is the file of what --pretend shows; add --pretend INDEX")
    if arguments.chunk_count is not None and arguments.chunk_length is None:
        raise UsageError("--chunk-count needs --chunk-length")
    settings = _settings(arguments)
    if arguments.pretend is None:
        _extract(arguments, settings)
    else:
        _pretend(arguments, settings)


def _settings(arguments):
    """Make a transformer for each combination of clip level and channel, by its name."""
    from skaudeep import SpectrogramTransformer
    from skaudeep.experiment.extraction import setting_names

    common = read_settings(arguments) | {name: getattr(arguments, name) for name in ("chunk_length", "chunk_count")}
    levels, channels = ([values] if not isinstance(values, list) else values for values in map(common.pop, _SEVERAL))
    transformers = [
        SpectrogramTransformer(clip_below=level, channels=channel, **common)
        for level, channel in itertools.product(levels, channels)
    ]
    return dict(zip(setting_names(transformers), transformers, strict=True))


def _outputs(arguments, names):
    """Name the file of each setting."""
    if len(arguments.output) == len(names):
        return arguments.output
    if len(arguments.output) > 1:
        raise UsageError(
            f"--output has {len(arguments.output)} names, but there are {len(names)} combinations of clip levels and "
            f"channels ({', '.join(names)}); give one name for each of them, or one for all"
        )
    output = Path(arguments.output[0])
    stem, suffix = (output.stem, ".nc") if output.suffix == ".nc" else (output.name, "")
    return [str(output.with_name(f"{stem}-{name}{suffix}")) for name in names]


def _extract(arguments, settings):
    import xarray as xr

    from skaudeep.experiment.extraction import extract_spectrograms

    outputs = dict(zip(_outputs(arguments, list(settings)), settings.values(), strict=True))
    corpus = load(arguments, on_unreadable=arguments.on_error)
    start = time.perf_counter()
    with prepare_output(*outputs, inputs=corpus_files(arguments, outputs)):
        failed = extract_spectrograms(
            corpus,
            outputs,
            on_error=arguments.on_error,
            n_jobs=arguments.n_jobs,
            resume=not arguments.restart,
            verbose=verbosity(arguments),
        )
    seconds = time.perf_counter() - start
    with xr.open_dataset(next(iter(outputs)), engine="netcdf4") as ds:  # of which nothing is read
        sizes = {str(dim): size for dim, size in ds["features"].sizes.items()}
    _report(arguments, corpus, outputs, sizes, failed.to_dict("records"), seconds)


def _report(arguments, corpus, outputs, sizes, failed, seconds):
    # formats that are not read were left out before
    failed = corpus["unreadable"].to_dict("records") + failed if "unreadable" in corpus else failed
    n_files = len(corpus["filenames"]) + len(corpus.get("unreadable", ()))
    shape = " x ".join(f"{size} {dim}" for dim, size in sizes.items())
    lines = [
        corpus["DESCR"],
        *(f"{path}: {shape}" for path in outputs),
        f"{n_files - len(failed)} of {n_files} recordings in {seconds:.1f} s",
    ]
    if failed:
        lines.append(f"{len(failed)} left out, as they cannot be analysed:")
        lines.append(make_table(["file", "reason"], [row.values() for row in failed]))
        if arguments.quiet:
            _log.warning("%d of %d recordings were left out, as they cannot be analysed", len(failed), n_files)
    data = {"outputs": list(outputs), "sizes": sizes, "recordings": n_files, "failed": failed, "seconds": seconds}
    print_results(arguments, data=data, brief="\n".join(outputs), show=lines)


def _pretend(arguments, settings):
    """Show the spectrogram of one recording for each setting, and its levels."""
    from skaudeep._files import check_no_input
    from skaudeep.cli._figures import prepare_figure, show_or_save
    from skaudeep.experiment.extraction import preview_spectrograms

    with prepare_figure(arguments.figure, "--figure", corpus_files(arguments, [arguments.figure])):
        corpus = load(arguments, on_unreadable=arguments.on_error)
        check_no_input(arguments.figure, {"a recording of the corpus": recordings(corpus)})
        n_files = len(corpus["filenames"])
        if arguments.pretend >= n_files:
            raise UsageError(f"--pretend {arguments.pretend}: the recordings are counted from 0 to {n_files - 1}")
        name = str(corpus["filenames"][arguments.pretend])
        spectrograms, axes = preview_spectrograms(corpus, list(settings.values()), arguments.pretend)
        figure = _draw(name, list(settings), spectrograms, axes)
        show_or_save(figure, arguments.figure, "--figure")
    shapes = [list(spectrogram.shape) for spectrogram in spectrograms]
    print_results(
        arguments,
        data={"recording": name, "settings": list(settings), "shapes": shapes, "figure": arguments.figure},
        brief=arguments.figure,
        show=[
            f"{name}: {n_frames} time x {n_bins} freq" + f" ({setting})" * (len(settings) > 1)
            for setting, (n_frames, n_bins) in zip(settings, shapes, strict=True)
        ],
    )


def _draw(name, settings, spectrograms, axes):
    """Draw a figure with a row for each setting."""
    import matplotlib.pyplot as plt

    from skaudeep.plotting import AmplitudeDisplay, SpectrogramDisplay

    size = (14, 1 + 3.5 * len(settings))
    figure, rows = plt.subplots(len(settings), 2, figsize=size, layout="constrained", squeeze=False)
    for row, setting, spectrogram, (frequencies, hop) in zip(rows, settings, spectrograms, axes, strict=True):
        title = name if len(settings) == 1 else f"{name} ({setting})"
        SpectrogramDisplay.from_spectrogram(
            spectrogram, frequencies=frequencies, hop=hop, level_label="Level (dB)", title=title, ax=row[0]
        )
        AmplitudeDisplay.from_spectrogram(spectrogram, level_label="Level (dB)", ax=row[1])
    return figure
