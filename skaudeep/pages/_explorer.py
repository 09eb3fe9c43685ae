"""A page that shows features as points in a plane, to look at and to listen to."""

import dataclasses
import logging
import os

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._files import check_target
from skaudeep._progress import progress
from skaudeep._projection import METHODS, available_methods, project, standardise, tsne_perplexity
from skaudeep._validation import Integral, Interval, Real, StrOptions, draw_seed, validate_params
from skaudeep.datamodel import PARTITIONS, check_layout, get_texts, instance_index
from skaudeep.exceptions import DataSetError, ParameterError, param
from skaudeep.io.netcdf import source_files
from skaudeep.pages._assets import plotly_script, render, write_page
from skaudeep.pages._sounds import embed_sounds, link_sounds, list_recordings
from skaudeep.pages._thumbnails import make_sheets, palette
from skaudeep.pages.parts import as_table, targets_of, title_of
from skaudeep.pages.predictions import assign_predictions

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class ExplorerPage:
    """What :func:`write_explorer` has written.

    Parameters
    ----------
    path : str
        The page.
    n_bytes : int
        Its size.
    n_points : int
        Number of instances that are shown.
    n_left_out : int
        Number of instances that are not, as a feature is NaN or infinite.
    methods : list of str
        The projections.
    colours : list of str
        What points can be coloured by.
    n_thumbnails : int
        Number of points with a picture of the spectrogram.
    n_sounds : int
        Number of points with a recording to play.

    Examples
    --------
    >>> from skaudeep.pages import ExplorerPage
    >>> ExplorerPage("page.html", 5_000_000, 400, 0, ["pca"], ["Label"], 400, 0).n_points
    400
    """

    path: str
    n_bytes: int
    n_points: int
    n_left_out: int
    methods: list
    colours: list
    n_thumbnails: int
    n_sounds: int


@validate_params(
    {
        "ds": [xr.Dataset],
        "path": [str, os.PathLike],
        "spectrograms": [xr.Dataset, None],
        "audio": [str, os.PathLike, None],
        "embed_audio": ["boolean"],
        "max_audio_mb": [Interval(Real, 0, None, closed="neither")],
        "predictions": [dict, pd.Series, None],
        "target": [str, None],
        "methods": ["array-like", StrOptions(set(METHODS)), None],
        "perplexity": [Interval(Real, 0, None, closed="neither"), None],
        "title": [str, None],
        "random_state": ["random_state"],
        "verbose": ["verbose", Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def write_explorer(
    ds,
    path,
    *,
    spectrograms=None,
    audio=None,
    embed_audio=False,
    max_audio_mb=50.0,
    predictions=None,
    target=None,
    methods=None,
    perplexity=None,
    title=None,
    random_state=None,
    verbose=0,
):
    """Write a page that shows how the instances of a data set lie to one another.

    Every instance is a point, coloured by its label or what else is known of it; numbers are a scale of colours. Under
    the pointer appears what is known, with the spectrogram; a click plays the recording. The page is a single file,
    which asks for nothing from the network; about 5 MB of it are the code that draws.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`skaudeep.datasets.make_dataset` makes it. Of features with several axes, such as those of a
        frequency autoencoder or spectrograms, the mean and the standard deviation over the first one, time,
        are shown. Instances with a feature that is not finite are left out.
    path : str or path-like
        The page to write; an existing file is replaced.
    spectrograms : xarray.Dataset, default=None
        A data set with the spectrograms of the same instances, in any order; by default `ds` where its features are
        spectrograms over time and freq.
    audio : str or path-like, default=None
        The folder with the recordings, at any depth. The page refers to them by their place relative to its own, so
        that the two must be moved together.
    embed_audio : bool, default=False
        Whether to put the recordings into the page, the first 30 seconds of each, with one channel and as MP3.
    max_audio_mb : float, default=50.0
        How much that may add to the page, in MB; what is too much is left out.
    predictions : dict or pandas.Series, default=None
        A label, or a number where those are targets, for each name of a file, or in a series one for each of its chunks
        in their order; shown, and compared with the labels or the first of the numbers of `ds`.
    target : str, default=None
        Where targets are numbers, the name of the one by which points are coloured at first; by default the first one.
        All are on the page. Of classes it shows the numbers first.
    methods : sequence of {"pca", "tsne", "umap"}, default=None
        The projections between which the page switches; by default all that can be computed.
    perplexity : float, default=None
        How many neighbours count in t-SNE; by default 30, and fewer for fewer than 91 instances.
    title : str, default=None
        Heading of the page.
    random_state : int, RandomState instance or None, default=None
        Seed of t-SNE and UMAP. An integer gives the same page each time.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    ExplorerPage
        How large the page is, and what it holds.

    Raises
    ------
    DataSetError
        If there is nothing to show; if none of the `spectrograms`, the recordings in `audio` or the `predictions`
        belongs to an instance; or if there is no such `target`.
    ValueError
        If the page would replace one of the files that it is made from.
    ImportError
        If Plotly or Jinja, or for UMAP umap-learn, is not installed.
    OSError
        If the page cannot be written.

    See Also
    --------
    skaudeep.plotting.SpectrogramDisplay : A picture of one spectrogram.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.pages import write_explorer
    >>> X, y = load_iris(return_X_y=True)
    >>> ds = make_dataset(X, [f"{i}.wav" for i in range(150)], label_numeric=y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_explorer(ds, f"{folder}/page.html", methods=["pca"])
    >>> page.n_points, page.methods, page.colours
    (150, ['pca'], ['Label'])
    """
    check_layout(ds, param.ds)
    check_target(path, _files_read(path, ds, spectrograms, audio))
    script = plotly_script()
    table, kept = as_table(ds)
    if spectrograms is None and ds["features"].dims[1:] == ("time", "freq"):
        spectrograms = ds
    methods = _methods(methods, len(table))
    if "tsne" in methods and len(table) > 1:
        tsne_perplexity(len(table), perplexity)  # an error now is better than one after minutes
    known = ds.drop_vars("features").isel(instance=kept)
    predicted = None if predictions is None else assign_predictions(ds, pd.Series(predictions, dtype=object))[kept]
    content = _metadata(known, predicted, target)
    content["sounds"] = _sounds(known, path, audio, embed_audio, max_audio_mb, verbose)
    content["sheets"] = None if spectrograms is None else _sheets(known, spectrograms)
    seed = None if random_state is None else draw_seed(random_state)
    content["projections"] = _projections(table, methods, seed, perplexity, verbose)
    text = render(
        "explorer.html",
        title=title or "Features",
        summary=_summary(ds, kept),
        data=content,
        plotly=script,
    )
    page = ExplorerPage(
        path=os.fspath(path),
        n_bytes=write_page(text, path),
        n_points=len(table),
        n_left_out=len(kept) - len(table),
        methods=methods,
        colours=[field["name"] for field in content["fields"]],
        n_thumbnails=_count(content["sheets"]),
        n_sounds=_count(content["sounds"]),
    )
    _log.info("%s: %d points, %.1f MB", page.path, page.n_points, page.n_bytes / 1e6)
    return page


def _files_read(path, ds, spectrograms, audio):
    """List what the page must not replace."""
    recordings = list_recordings(audio) if audio is not None and os.path.isfile(path) else []
    return {
        param("the file of ds"): source_files(ds),
        "the file of spectrograms": source_files(spectrograms),
        "a recording in audio": recordings,
    }


def _metadata(known, predicted, target):
    """Collect what the page says of every point, and can colour it by."""
    labels = get_texts(known, "label_nominal")
    targets = targets_of(known, target)
    fields = [_numbers(title_of(name), numbers) for name, numbers in targets.items()]
    fields.insert(0 if target is None else len(fields), _category("Label", labels))
    codes = known["partition"].values
    fields.append(_category("Partition", np.select([codes == i for i in range(3)], PARTITIONS, ""), PARTITIONS.index))
    fields += _folds(known["cv_folds"].values)
    if "group" in known:
        fields.append(_category("Group", get_texts(known, "group")))
    if predicted is not None:
        numbers = None if (labels != "").any() else _as_numbers(predicted)
        fields += _judge(labels, predicted) if numbers is None else _measure(targets, numbers)
    chunks = known["chunk_nr"].values
    return {
        "files": known["filename"].values.tolist(),
        "chunks": chunks.tolist() if chunks.any() else None,
        "fields": [field for field in fields if field is not None],
    }


def _judge(labels, predicted):
    """Make fields of predicted classes and whether they are right."""
    right = np.where(predicted == labels, "right", "wrong")
    known = (labels != "") & (predicted != "")
    return [_category("Prediction", predicted), _category("Right or wrong", np.where(known, right, ""))]


def _measure(targets, predicted):
    """Make fields of predicted numbers and how far they are from those of the first target."""
    fields = [_numbers("Prediction", predicted)]
    if targets:
        true = next(iter(targets.values()))
        fields.append(_numbers("Absolute error", np.abs(predicted - true)))
    return fields


def _as_numbers(texts):
    """Read numbers, NaN where there is no text; None if some text is no number."""
    try:
        return np.array([float(text) if text != "" else np.nan for text in texts.tolist()])
    except ValueError:
        return None


def _category(name, texts, key=None):
    """Make a field of words, "" where not known, in the order of a key; None if none is known."""
    values = sorted({*texts.tolist()} - {""}, key=key)
    codes = {value: code for code, value in enumerate(values)} | {"": -1}
    return {"name": name, "values": values, "codes": [codes[text] for text in texts.tolist()]} if values else None


def _numbers(name, numbers):
    """Make a field of numbers with six digits; None if none is known."""
    if np.isnan(numbers).all():
        return None
    return {"name": name, "numbers": [float(f"{number:.6g}") if np.isfinite(number) else None for number in numbers]}


def _folds(folds):
    """Make a field of the fold that validates an instance or, where that may be several, one for each fold."""
    validated = folds == 1
    if not folds.shape[1]:
        return []
    if (validated.sum(axis=1) <= 1).all():
        names = (validated.argmax(axis=1) + 1).astype(str)
        return [_category("Fold", np.where(validated.any(axis=1), names, ""), key=int)]
    words = np.select([validated, folds == 0], ["validation", "training"], "")
    return [_category(f"Fold {i + 1}", column) for i, column in enumerate(words.T)]


def _sounds(known, page, audio, embed, max_mb, verbose):
    """Collect the addresses of recordings, and which of them belongs to each point (-1: none)."""
    if audio is None:
        return None
    filenames = known["filename"].values.tolist()
    names = list(dict.fromkeys(filenames))
    if embed:
        sounds = embed_sounds(names, audio, max_mb * 1e6, verbose=verbose)
    else:
        sounds = link_sounds(names, audio, page)
    numbers = {name: number for number, name in enumerate(sounds)}
    addresses = list(sounds.values())
    return {"embedded": embed, "addresses": addresses, "places": [numbers.get(name, -1) for name in filenames]}


def _sheets(known, spectrograms):
    """Draw spectrograms, and say which of them belongs to each point (-1: none)."""
    check_layout(spectrograms, param.spectrograms)
    features = spectrograms["features"]
    if features.ndim != 3 or 0 in features.shape:
        raise DataSetError(
            f"{param.spectrograms}: the features have the sizes {dict(features.sizes)}, expected instances, time and "
            "frequency; give the data set that the autoencoder was trained on."
        )
    index = instance_index(spectrograms)
    if index.has_duplicates:
        raise DataSetError(
            f"{param.spectrograms}: two instances have the same file and chunk; see {param.validate_dataset}."
        )
    rows = index.get_indexer(instance_index(known))
    wanted = np.unique(rows[rows >= 0])
    if not len(wanted):
        raise DataSetError(
            f"{param.spectrograms}: none is of a file and chunk of the data set, which has "
            f"{known['filename'].values.tolist()[0]!r}, for example, and the spectrograms have "
            f"{spectrograms['filename'].values.tolist()[0]!r}."
        )
    if (rows < 0).any():
        _log.warning("%d of %d instances have no spectrogram.", (rows < 0).sum(), len(rows))
    sheets = make_sheets(features[wanted])
    sheets["palette"] = palette()
    sheets["places"] = np.where(rows < 0, -1, np.searchsorted(wanted, rows)).tolist()
    return sheets


def _methods(methods, n_instances):
    """Check the names of projections, or choose them."""
    if methods is None:
        fits = n_instances >= 4  # fewer have too few neighbours
        return [method for method in available_methods() if method != "umap" or fits]
    methods = [methods] if isinstance(methods, str) else list(dict.fromkeys(methods))
    unknown = [method for method in methods if method not in METHODS]
    if unknown or not methods:
        raise ParameterError("methods", methods, f": expected one or more of {', '.join(METHODS)}.")
    return methods


def _projections(table, methods, seed, perplexity, verbose):
    """Compute the coordinates of all points with five digits, and say what the axes mean."""
    n_varying = standardise(table).shape[1]
    if len(table) > 1 and n_varying == 0:
        _log.warning("All features are constant, so that all points are in one place.")
    projections = []
    with progress("Projecting", len(methods), enabled=bool(verbose), unit="projections") as advance:
        for method in methods:
            options = {"perplexity": perplexity} if method == "tsne" and perplexity is not None else {}
            points = project(table, method, random_state=seed, **options)
            axes = ["", ""]
            if method == "pca":
                shares = points.var(axis=0) / max(n_varying, 1)
                axes = [f"Component {i + 1} ({share:.0%} of the variance)" for i, share in enumerate(shares)]
            x, y = ([float(f"{value:.5g}") for value in column] for column in points.T)
            projections.append({"name": METHODS[method], "x": x, "y": y, "axes": axes})
            advance(1)
    return projections


def _summary(ds, kept):
    """Say in words what is shown."""
    n, n_files = int(kept.sum()), len(np.unique(ds["filename"].values[kept]))
    shape = " x ".join(map(str, ds["features"].shape[1:]))
    files = f" of {n_files} file{'s' if n_files > 1 else ''}" if n_files < n else ""
    more = f"; {len(kept) - n} more left out, as a feature is not finite" if n < len(kept) else ""
    return f"{n} instance{'s' if n > 1 else ''}{files} with {shape} features{more}."


def _count(content):
    """Count the points that have something."""
    return 0 if content is None else sum(place >= 0 for place in content["places"])
