"""The names of rows, that is the index of pandas, on their way through steps whose output is no table."""

import pandas as pd

from skaudeep._sequences import object_array
from skaudeep._validation import container_adapter

__all__ = ["RowNamesMixin", "align_rows", "name_rows", "row_names", "with_row_names"]


class RowNamesMixin:
    """Transformer whose output may have more than two axes; to be left of `TransformerMixin`.

    scikit-learn makes tables only. Where pandas output is asked for and X has names of rows, what `with_row_names`
    gives is a Series of arrays instead, from which the next step takes the names.
    """

    def set_output(self, *, transform=None):
        """Choose the container of the output.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Output of two dimensions becomes such a table, with the index of X where X has one (a DataFrame, a Series, a
            MultiIndex of segments) and pandas is asked for. What is no table becomes, in that case, a Series of arrays,
            and else stays an array. None changes nothing.

        Returns
        -------
        self : object
            The estimator.
        """
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}  # the place that `clone` looks at
        return self


def row_names(X):
    """Give the names of the rows of X.

    Parameters
    ----------
    X : object
        The input of an estimator.

    Returns
    -------
    Index or None
        The index of a table or a Series, a MultiIndex of segments itself; None for what has no names.
    """
    if isinstance(X, pd.DataFrame | pd.Series):
        return X.index
    return X if isinstance(X, pd.MultiIndex) else None


def with_row_names(estimator, values, X):
    """Give the output of a transformer the container that is asked for, with the names of the rows of its input.

    Parameters
    ----------
    estimator : transformer
        Whose output it is.
    values : ndarray of shape (n, ...), or object array of shape (n,)
        The output, a row for each of X.
    X : object of length n
        The input.

    Returns
    -------
    ndarray, DataFrame or Series
        The values themselves where no container is asked for; else a table of those of two dimensions, as scikit-learn
        makes it, and of all others, where pandas is asked for and X has names, a Series of arrays.
    """
    adapter = container_adapter("transform", estimator)
    if adapter is None:
        return values
    if values.ndim == 2:
        columns = getattr(estimator, "get_feature_names_out", None)
        return name_rows(adapter.create_container(values, X, columns=columns), X)
    names = row_names(X)
    if names is None or adapter.container_lib != "pandas":
        return values
    return pd.Series(object_array(values), index=names)


def name_rows(table, X):
    """Give a table whose rows are only numbered the names of the rows of X.

    Parameters
    ----------
    table : DataFrame or object
        The output of a transformer.
    X : object
        Its input.

    Returns
    -------
    DataFrame or object
        What is no table, or has names, is given back.
    """
    names = row_names(X)
    if names is None or not isinstance(table, pd.DataFrame) or not _is_numbered(table):
        return table
    return table.set_axis(names)


def align_rows(outputs):
    """Give tables that are to be joined the same names of rows.

    Rows of a table without names, as a step gives that has lost them, are those of the others in the same order.

    Parameters
    ----------
    outputs : list of DataFrame or ndarray
        What several transformers have made of one X.

    Returns
    -------
    list of DataFrame or ndarray
        The same, with names.

    Raises
    ------
    ValueError
        If two tables have other names, or the same in another order: pandas would join what does not belong together.
    """
    tables = [table for table in outputs if isinstance(table, pd.DataFrame)]
    named = [table.index for table in tables if not _is_numbered(table)]
    if not named:
        return outputs
    for index in named:
        if not index.equals(named[0]):
            raise ValueError(
                f"the branches give tables with different indexes, {named[0][:3].tolist()}, ... and "
                f"{index[:3].tolist()}, ...: let each give a row for each of X, in its order and with its index"
            )
    return [table.set_axis(named[0]) if isinstance(table, pd.DataFrame) else table for table in outputs]


def _is_numbered(table):
    return isinstance(table.index, pd.RangeIndex) and table.index.equals(pd.RangeIndex(len(table)))
