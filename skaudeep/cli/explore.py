"""``skaudeep explore``: a page that shows features as points, to look at and to listen to."""

import contextlib

from skaudeep.cli._arguments import UsageError, add_command, add_json, add_seed, choice, real
from skaudeep.cli._outputs import files_read, prepare_output
from skaudeep.cli._printing import print_results, verbosity

_METHODS = ("pca", "tsne", "umap")


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "explore",
        run,
        help="make a page that shows features as a map of sounds",
        description="Write one self-contained HTML page with a point for each instance: similar ones lie together. "
        "Pointing at one shows what is known of it and its spectrogram, a click plays it, and colours show labels "
        "or numbers, partitions, folds or predictions. The page needs no server and no network.",
        examples=[
            "explore features.nc --audio ESC-10 --spectrograms spectrograms.nc --output map.html",
            "explore features.nc --audio ESC-10 --embed-audio --predictions predictions.tsv --output map.html",
        ],
        words={"method": "--methods"},
    )
    parser.add_argument("input", metavar="FEATURES", help="data set to show, a NetCDF file")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="page to write")
    parser.add_argument(
        "--spectrograms",
        metavar="FILE",
        help="spectrograms of the same files, a NetCDF file (default: FEATURES, if it holds spectrograms)",
    )
    parser.add_argument(
        "--audio",
        metavar="DIR",
        help="folder with the recordings, at any depth; the page plays them from there, so keep both together",
    )
    parser.add_argument(
        "--embed-audio", action="store_true", help="put the recordings into the page instead, 30 s of each at most"
    )
    parser.add_argument(
        "--max-audio-mb",
        metavar="N",
        type=real(0, open_low=True),
        help="how much --embed-audio may add to the page; what is too much is left out (default: 50)",
    )
    _add_labels(parser)
    parser.add_argument(
        "--methods",
        metavar="METHOD",
        nargs="+",
        type=choice(*_METHODS),
        help=f"maps between which the page switches, of {', '.join(_METHODS)} (default: all; umap if umap-learn is "
        "installed)",
    )
    parser.add_argument(
        "--perplexity",
        metavar="N",
        type=real(0, open_low=True),
        help="how many neighbours count in t-SNE (default: 30; a third of the instances, where they are few)",
    )
    parser.add_argument("--title", metavar="TEXT", help="heading of the page (default: the name of FEATURES)")
    add_seed(parser, "t-SNE and UMAP")
    add_json(parser)


def _add_labels(parser):
    """Add what points are coloured by beside what the data set says."""
    parser.add_argument(
        "--predictions",
        metavar="FILE",
        help="predicted labels or numbers to show, as svm predict and mlp predict write them",
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="where targets are numbers, which of them to show first (default: the first; all are on the page)",
    )


def run(arguments):
    """Run the command."""
    import dataclasses
    from pathlib import Path

    from skaudeep._projection import METHODS
    from skaudeep.pages import write_explorer
    from skaudeep.pages.predictions import read_predictions

    _check(arguments)
    predictions = None if arguments.predictions is None else read_predictions(arguments.predictions, arguments.target)
    with (
        prepare_output(arguments.output, inputs=files_read(arguments)),
        _opened(arguments.input) as ds,
        _opened(arguments.spectrograms) as spectrograms,
    ):
        page = write_explorer(
            ds,
            arguments.output,
            spectrograms=spectrograms,
            audio=arguments.audio,
            embed_audio=arguments.embed_audio,
            max_audio_mb=arguments.max_audio_mb or 50.0,
            predictions=predictions,
            target=arguments.target,
            methods=arguments.methods,
            perplexity=arguments.perplexity,
            title=arguments.title or Path(arguments.input).stem,
            random_state=arguments.seed,
            verbose=verbosity(arguments),
        )
    maps = ", ".join(METHODS[method] for method in page.methods)
    holds = [f"{page.n_points} points ({maps})"]
    if arguments.spectrograms or page.n_thumbnails:
        holds.append(f"{page.n_thumbnails} spectrograms")
    if arguments.audio:
        holds.append(f"{page.n_sounds} sounds {'inside' if arguments.embed_audio else 'linked'}")
    print_results(
        arguments,
        data=dataclasses.asdict(page),
        brief=page.path,
        show=f"{page.path}: {', '.join(holds)}, {page.n_bytes / 1e6:.1f} MB",
    )


def _check(arguments):
    """Refuse options that do not go together."""
    if arguments.embed_audio and arguments.audio is None:
        raise UsageError("--embed-audio needs --audio DIR, the folder with the recordings")
    if arguments.max_audio_mb is not None and not arguments.embed_audio:
        raise UsageError("--max-audio-mb needs --embed-audio; sounds that are linked do not add to the page")
    if arguments.perplexity is not None and arguments.methods is not None and "tsne" not in arguments.methods:
        raise UsageError("--perplexity is for t-SNE; add tsne to --methods")


@contextlib.contextmanager
def _opened(path):
    """A data set, or None, whose features stay on disk where dask is there to read them piece by piece."""
    from skaudeep.io.netcdf import open_lazily

    if path is None:
        yield None
        return
    with open_lazily(path) as ds:
        yield ds
