"""What fitted transformers remember of recordings; stored models know it by the name of this module."""

from dataclasses import dataclass

import numpy as np

from skaudeep._versions import Storable
from skaudeep.exceptions import AudioError, param


@dataclass(frozen=True)
class FrequencyAxis(Storable):
    """The frequency axis of the first recording that an estimator was fitted on, which all others must have."""

    name: str
    sample_rate: float
    frequencies: np.ndarray

    def check(self, sample_rate, frequencies):
        """Compare the axis of another recording."""
        mine = self.frequencies
        if len(mine) == len(frequencies) and np.allclose(mine, frequencies, rtol=1e-9, atol=1e-6):
            return
        if sample_rate == self.sample_rate:
            raise AudioError("the parameters have changed since fit; fit again")
        raise AudioError(
            f"has {sample_rate:g} Hz and {self.name} has {self.sample_rate:g} Hz, so their "
            f"frequency axes differ; resample all with "
            f"{param('sample_rate', min(sample_rate, self.sample_rate))}"
        )


Reference = FrequencyAxis  # its name in older files
