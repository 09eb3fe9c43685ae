"""The formats of tables of text, which the command line and experiments offer as well."""

import importlib

#: The module of each format, by the suffix of its files. It has the functions `plan` and `read_table`.
FORMATS = {"csv": "skaudeep.io._csv", "arff": "skaudeep.io._arff"}
#: What `layout` of writers may be.
LAYOUTS = ("audeep", "weka")


def load_format(name):
    """Import the module of a format.

    Parameters
    ----------
    name : str
        One of `FORMATS`.

    Returns
    -------
    module
        The module.
    """
    return importlib.import_module(FORMATS[name])
