"""What may be kept in files and pickles, and which version of skaudeep a pickle is of."""

import contextvars
import inspect
import warnings

from skaudeep._version import __version__
from skaudeep.exceptions import VersionWarning

#: whether `skaudeep.load` is at work, which warns of other versions itself
is_loading = contextvars.ContextVar("is_loading", default=False)


class Storable:
    """Marks a class whose objects `skaudeep.save` keeps: an estimator, or a plain value in a fitted one."""


class VersionedMixin(Storable):
    """Estimator whose pickles say which version of skaudeep they are of; to be left of `BaseEstimator`."""

    def __getstate__(self):
        return super().__getstate__() | {"_skaudeep_version": __version__}

    def __setstate__(self, state):
        state = self._added_parameters() | state
        version = state.pop("_skaudeep_version", "of unknown version")
        if version != __version__ and not is_loading.get():
            warnings.warn(
                f"a {type(self).__name__} of skaudeep {version} is unpickled by skaudeep {__version__}, which may fail "
                "or give other results: fit it again, or install the version that it is of",
                VersionWarning,
                stacklevel=2,
            )
        super().__setstate__(state)

    def _added_parameters(self):
        """Give the defaults of all parameters, for the pickle of a version that had fewer of them."""
        parameters = inspect.signature(type(self).__init__).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}
