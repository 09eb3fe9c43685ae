"""What a comparison of embedders has found."""

import dataclasses
import itertools

import numpy as np
import pandas as pd

from skaudeep._counts import number_of
from skaudeep._validation import Integral, Interval, StrOptions, check_random_state, validate_params
from skaudeep.evaluation._differences import corrected_t_test, paired_bootstrap
from skaudeep.exceptions import ParameterError

_MEASURES = ("recall", "accuracy")
_COLUMNS = ["name", "reference", "protocol", "difference", "low", "high", "p", "verdict"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Scores and predictions of embedders and of the controls that they have to beat.

    Printed, it is a table, the differences from the controls, and which of these are ahead.

    Parameters
    ----------
    scores : pandas.DataFrame
        A row for each fold of each run, with the columns `name`, `protocol`, `seed` (NA for what was computed once, as
        it does not go by chance), `fold` (from 0), `recall` (unweighted average recall, UAR) and `accuracy` (both from
        0 to 1), `is_control`, `n_train` and `n_test` (number of samples).
    predictions : pandas.DataFrame
        A row for each test of a sample, with the columns `name`, `protocol`, `seed` and `fold` as above, `row` (in X,
        from 0), `label`, `prediction` and, if there are groups, `group`.
    controls : dict of str to tuple of str
        The names of the controls of each candidate.
    about : dict of str to str
        What each control is.

    See Also
    --------
    compare : Makes one, with an example.
    skaudeep.plotting.plot_comparison : Draws it.
    skaudeep.pages.write_comparison : Writes a page about it.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from skaudeep.evaluation import compare
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["rain", "wind"], 15)
    >>> X = rng.normal(size=(30, 4)) + (y == "rain")[:, None]
    >>> comparison = compare({"one": PCA(1), "two": PCA(2)}, X, y, cv=3, seeds=1)
    >>> comparison
    <Comparison: 2 candidates, 1 control, 1 seed, 3 folds>
    >>> comparison.differences("two")[["name", "reference"]].values.tolist()
    [['one', 'two']]
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    controls: dict
    about: dict

    @property
    def n_seeds(self):
        """Number of seeds, 1 where nothing goes by chance."""
        return max(1, self.scores["seed"].nunique())

    @property
    def n_folds(self):
        """Number of folds."""
        return self.scores["fold"].nunique()

    def table(self):
        """Summarise the scores.

        Returns
        -------
        pandas.DataFrame
            A row for each name and protocol: `name`, `protocol`, `is_control`; `recall`, the mean over all folds and
            seeds; `recall_std_seeds`, the standard deviation over the seeds of the mean over the folds;
            `recall_std_folds`, the standard deviation over the folds of the mean over the seeds; the same three of
            `accuracy`. A deviation of a single value is NaN.
        """
        rows = []
        for (name, protocol), scores in self.scores.groupby(["name", "protocol"], sort=False):
            row = {"name": name, "protocol": protocol, "is_control": bool(scores["is_control"].iloc[0])}
            for measure in _MEASURES:
                row[measure] = scores[measure].mean()
                for unit in ("seed", "fold"):
                    means = scores.groupby(unit, dropna=False)[measure].mean()
                    row[f"{measure}_std_{unit}s"] = means.std(ddof=0) if len(means) > 1 else np.nan
            rows.append(row)
        return pd.DataFrame(rows)

    @validate_params(
        {
            "self": "no_validation",
            "reference": [str, None],
            "method": [StrOptions({"t", "bootstrap"})],
            "measure": [StrOptions(set(_MEASURES))],
            "n_resamples": [Interval(Integral, 1, None, closed="left")],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
    def differences(self, reference=None, method="t", *, measure="recall", n_resamples=5000, random_state=0):
        """Compute how much candidates differ from their controls, or from a reference.

        Parameters
        ----------
        reference : str, default=None
            Name of what every other candidate is compared with. None compares each candidate with its controls.
        method : {"t", "bootstrap"}, default="t"
            "t" looks at the folds, of which each counts with the mean over its seeds: the t-test with the correction of
            Nadeau and Bengio for training parts that overlap. "bootstrap" looks at the predictions of all folds
            together, the mean over the seeds: groups, or samples if there are no groups, are drawn with replacement,
            the same for both. It does not know how much other training data would change.
        measure : {"recall", "accuracy"}, default="recall"
            What to compare.
        n_resamples : int, default=5000
            How often "bootstrap" draws.
        random_state : int, RandomState instance or None, default=0
            What "bootstrap" draws.

        Returns
        -------
        pandas.DataFrame
            A row for each pair: `name`, `reference`, `protocol`; `difference`, the measure of the first minus that of
            the second; `low` and `high`, the ends of its 95 % interval; `p`, two-sided; `verdict`, "above" or "below"
            where the interval is, and "not told apart" where 0 is in it. With "bootstrap" the measure is that of all
            predictions together, which can differ a little from the mean over the folds. Each p and interval is for its
            pair alone: of twenty pairs without a difference, one is expected to have p < 0.05.

        Raises
        ------
        ValueError
            If the reference is unknown, or there is a single fold for "t".
        """
        random = check_random_state(random_state)
        rows = []
        for protocol, (name, other) in itertools.product(self.scores["protocol"].unique(), self._pairs(reference)):
            if method == "t":
                found = self._test_folds(name, other, protocol, measure)
            else:
                found = self._resample(name, other, protocol, measure, n_resamples, random)
            rows.append([name, other, protocol, *map(float, found), _judge(*found[1:3])])
        return pd.DataFrame(rows, columns=_COLUMNS)

    def _pairs(self, reference):
        """Give the names of what is to be compared with what."""
        if reference is None:
            return [(name, control) for name, controls in self.controls.items() for control in controls]
        known = self.scores["name"].unique().tolist()
        if reference not in known:
            raise ParameterError("reference", reference, f": choose one of {', '.join(map(repr, known))}")
        return [(name, reference) for name in self.controls if name != reference]

    def _select(self, table, name, protocol):
        return table[(table["name"] == name) & (table["protocol"] == protocol)]

    def _test_folds(self, name, other, protocol, measure):
        scores = [self._select(self.scores, each, protocol) for each in (name, other)]
        one, two = (each.groupby("fold")[measure].mean().to_numpy() for each in scores)
        if len(one) < 2:
            raise ParameterError("method", "t", " needs two folds or more, and there is one; choose 'bootstrap'")
        sizes = scores[0].drop_duplicates("fold")
        return corrected_t_test(one - two, (sizes["n_test"] / sizes["n_train"]).mean())

    def _resample(self, name, other, protocol, measure, n_resamples, random):
        unit = "group" if "group" in self.predictions else "row"
        tables = [self._select(self.predictions, each, protocol) for each in (name, other)]
        units, classes = (pd.Index(tables[0][column].unique()) for column in (unit, "label"))
        counts = []
        for table in tables:
            n_seeds = max(1, table["seed"].nunique())
            cells = units.get_indexer(table[unit]), classes.get_indexer(table["label"])
            right = (table["label"] == table["prediction"]).to_numpy()
            for weights in (right, np.ones(len(table))):
                counts.append(np.zeros((len(units), len(classes))))
                np.add.at(counts[-1], cells, weights / n_seeds)
        return paired_bootstrap(len(units), np.stack(counts[::2]), counts[1], measure, n_resamples, random)

    # --- in words ---

    def __str__(self):
        return "\n".join([*self._describe_table(), "", *self._describe_differences()])

    def __repr__(self):
        entrants = f"{number_of(len(self.controls), 'candidate')}, {number_of(len(self.about), 'control')}"
        runs = f"{number_of(self.n_seeds, 'seed')}, {number_of(self.n_folds, 'fold')}"
        return f"<{type(self).__name__}: {entrants}, {runs}>"

    def _describe_table(self):
        table = self.table()
        several = table["protocol"].nunique() > 1
        head = ["", *(["protocol"] if several else []), "UAR", "seeds", "folds", "accuracy", "seeds", "folds"]
        rows = []
        for row in table.itertuples():
            numbers = [f"{100 * value:.1f}" if value == value else "-" for value in row[4:]]
            rows.append([f"{row.name}{' *' * row.is_control}", *([row.protocol] if several else []), *numbers])
        runs = f"{number_of(self.n_seeds, 'seed')} and {number_of(self.n_folds, 'fold')}"
        return [
            f"In %, mean over {runs}; standard deviation over the seeds (of the mean over the folds)",
            "and over the folds (of the mean over the seeds). UAR: unweighted average recall. * control",
            "",
            *_align([head, *rows], texts=range(1 + several)),
        ]

    def _describe_differences(self):
        method = "t" if self.n_folds > 1 else "bootstrap"
        found = self.differences(method=method)
        if not len(found):
            return ["There are controls only, and nothing to compare with them."]
        several = found["protocol"].nunique() > 1
        rows = []
        for row in found.itertuples():
            name = f"{row.name} ({row.protocol})" if several else row.name
            numbers = [f"{100 * value:+.1f}" for value in (row.difference, row.low, row.high)]
            rows.append([name, row.reference, numbers[0], f"{numbers[1]} to {numbers[2]}", f"{row.p:.3f}", row.verdict])
        test = {"t": "corrected t-test over the folds", "bootstrap": "bootstrap of the test samples"}[method]
        return [
            f"UAR minus that of the controls, 95 % interval and p ({test})",
            "",
            *_align([["", "minus", "UAR", "95 % interval", "p", ""], *rows], texts=(0, 1, 5)),
            "",
            *self._conclude(found),
        ]

    def _conclude(self, found):
        """Say where a control wins."""
        winning = found[found["difference"] <= 0]
        if not len(winning):
            return ["No control is ahead of a candidate, or equal to one."]
        several = found["protocol"].nunique() > 1
        lines = []
        for (protocol, name), rows in winning.groupby(["protocol", "name"], sort=False):
            where = f" ({protocol})" if several else ""
            lines.append(f"- {name}{where}: {'; '.join(rows['reference'])}")
        return ["Controls that are ahead of a candidate, or equal to it:", *lines]


def _judge(low, high):
    """Say what an interval shows of a candidate and its control."""
    if low > 0:
        return "above"
    return "below" if high < 0 else "not told apart"


def _align(rows, texts=(0,)):
    """Write cells in columns, those of texts to the left and those of numbers to the right."""
    rows = [list(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
            cells.append(cell.ljust(width) if number in texts else cell.rjust(width))
        lines.append("  ".join(cells).rstrip())
    return lines
