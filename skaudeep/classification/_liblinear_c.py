"""The one call into LIBLINEAR's C library, which has global state and no seed of its own."""

import ctypes
import re
import threading

import numpy as np
from scipy.sparse import csr_matrix

__all__ = ["train"]

# LIBLINEAR tells only in its messages that it gave up. A dual solver that goes on with a primal one did not.
_GAVE_UP = re.compile(rb"max number of (Newton )?iterations\n(?!Switching)")

# rand() and the function that receives the messages belong to the whole process.
_LOCK = threading.Lock()


def _seed_c_rand(library, seed):
    """Seed the `rand` that LIBLINEAR calls, which may not be the one that Python was linked with."""
    try:
        # A lookup through the library's own handle goes on to the C library it was linked with ...
        srand = library.srand
    except AttributeError:
        # ... except on Windows.
        srand = ctypes.CDLL("ucrtbase").srand
    srand(ctypes.c_uint(seed))


def train(X, y, options, seed):
    """Train with LIBLINEAR and copy everything out of C memory.

    Parameters
    ----------
    X : ndarray or CSR container of shape (n_samples, n_features)
        Samples in float64.
    y : ndarray of shape (n_samples,)
        Targets, or the indices of the classes.
    options : list of str
        As for LIBLINEAR's `train` program.
    seed : int
        For C's `rand`, at the start of the training.

    Returns
    -------
    weights : ndarray of shape (n_models, n_features) or (n_models, n_features + 1)
        One row for each of `labels`, or a single row; the intercept comes last if there is one.
    labels : list of int
        The classes in LIBLINEAR's order; a single row of weights is positive for the first of them.
    converged : bool
        Whether every solver reached its stopping criterion.
    """
    # Here, because the package compiles with Numba when it is imported.
    from liblinear.liblinear import PRINT_STRING_FUN, ctypes_print_null, parameter, problem, solver_names
    from liblinear.liblinear import liblinear as library
    from liblinear.liblinearutil import train as train_model

    # The package knows csr_matrix only, converts it faster than a dense array, and sorts it in place.
    X = csr_matrix(X)
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    data = problem(y.astype(np.float64), X)
    messages = []
    with _LOCK:
        parameters = parameter(options)
        parameters.print_func = PRINT_STRING_FUN(messages.append)
        _seed_c_rand(library, seed)
        try:
            model = train_model(data, parameters)
        finally:
            library.set_print_string_function(ctypes_print_null)
    labels = model.get_labels()
    n_columns = data.n
    one_row = len(labels) == 2 and parameters.solver_type != solver_names.MCSVM_CS
    n_models = 1 if one_row else len(labels)
    weights = np.ctypeslib.as_array(model.w, (n_columns * n_models,)).reshape(n_columns, n_models)
    converged = not any(_GAVE_UP.search(message) for message in messages)
    return weights.T.copy(), labels, converged
