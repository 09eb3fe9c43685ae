"""A page about a comparison of embedders with controls."""

import logging
from pathlib import Path

from skaudeep._counts import number_of
from skaudeep._files import check_path
from skaudeep.pages._assets import render, write_page
from skaudeep.pages._figures import draw_comparison

_logger = logging.getLogger(__name__)

_PROTOCOLS = {
    "transductive": "the embedders have heard all recordings, without labels; the classifiers the training folds only",
    "as given": "features as the data sets have them, whose networks may have heard the test folds",
    "inductive": "embedders and classifiers have heard the training folds only",
}
_TESTS = {
    "t": "t-test over the folds (each the mean over the seeds), corrected for training parts that overlap (Nadeau and "
    "Bengio, 2003)",
    "bootstrap": "bootstrap of {units} (predictions of all folds together, mean over the seeds); it does not know how "
    "much other training data would change",
}


def write_comparison(comparison, path, *, title="Comparison"):
    """Write a page about a comparison: scores, differences from the controls, and what each control is.

    The page is a single file with the picture inside, which asks for nothing from the network.

    Parameters
    ----------
    comparison : Comparison
        What :func:`skaudeep.evaluation.compare` returns.
    path : path-like
        The page to write; an existing file is replaced.
    title : str, default="Comparison"
        Its title.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    ImportError
        If Jinja or Matplotlib is not installed.
    OSError
        If the page cannot be written.

    See Also
    --------
    write_report : A page about an experiment.
    skaudeep.plotting.plot_comparison : The picture alone.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skaudeep.evaluation import compare
    >>> from skaudeep.pages import write_comparison
    >>> comparison = compare({"one": PCA(1), "two": PCA(2)}, *load_iris(return_X_y=True), seeds=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_comparison(comparison, pathlib.Path(folder, "iris.html"), title="Irises").read_text()
    >>> "<h1>Irises</h1>" in page, "always the most frequent class" in page
    (True, True)
    """
    check_path(path, "path", "file")
    path = Path(path)
    content = {
        "title": title,
        "subtitle": f"{number_of(len(comparison.controls), 'candidate')} beside controls that have learned nothing",
        "counts": f"{number_of(comparison.n_seeds, 'seed')} and {number_of(comparison.n_folds, 'fold')}",
        "figure": draw_comparison(comparison),
        "protocols": _protocols(comparison),
        "behind": _behind(comparison),
        "tests": _tests(comparison),
        "controls": list(comparison.about.items()),
    }
    size = write_page(render("comparison.html", style="report.css", **content), path)
    _logger.info("%s: %.1f MB", path, size / 1e6)
    return path


def _protocols(comparison):
    """Make the rows of scores of each protocol."""
    protocols = []
    for protocol, table in comparison.table().groupby("protocol", sort=False):
        rows = []
        for row in table.itertuples():
            numbers = [f"{100 * value:.1f}" if value == value else "\N{EN DASH}" for value in row[4:]]
            best = row.recall == table["recall"].max()
            rows.append({"name": row.name, "is_control": row.is_control, "numbers": numbers, "best": best})
        protocols.append(({"name": protocol.capitalize(), "about": _PROTOCOLS.get(protocol, "")}, rows))
    return protocols


def _behind(comparison):
    """Find the candidates that a control is ahead of or equal to, and these controls."""
    means = comparison.table().set_index(["protocol", "name"])["recall"]
    protocols = means.index.unique(level="protocol")
    found = []
    for protocol in protocols:
        for name, controls in comparison.controls.items():
            ahead = [control for control in controls if means[protocol][control] >= means[protocol][name]]
            if ahead:
                found.append((f"{name} ({protocol})" if len(protocols) > 1 else name, ahead))
    return found


def _tests(comparison):
    """Make tables of the differences by all methods that there are folds for."""
    tests = []
    units = "groups" if "group" in comparison.predictions else "samples"
    for method in ("t", "bootstrap") if comparison.n_folds > 1 else ("bootstrap",):
        rows = []
        for row in comparison.differences(method=method).to_dict("records"):
            difference, low, high = (f"{100 * row[key]:+.1f}" for key in ("difference", "low", "high"))
            p = f"{row['p']:.3f}" if row["p"] >= 0.001 else "< 0.001"
            rows.append(row | {"difference": difference, "interval": f"{low} to {high}", "p": p})
        if rows:
            tests.append({"about": _TESTS[method].format(units=units), "rows": rows})
    return tests
