"""Reading lazily in the child of a fork."""

import os
import sys
import threading


def _drop_threads_of_dask():
    """Let dask make its threads anew: it would wait for ever for those that only the parent has."""
    dask = sys.modules.get("dask.threaded")
    if dask is not None:
        dask.default_pool = None
        dask.pools.clear()
        dask.pools_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_threads_of_dask)
