"""What the recurrent autoencoders share: reconstructing, generating, scoring."""

from typing import ClassVar

import numpy as np
from sklearn.utils import check_array

from skaudeep._validation import Integral, Interval, Real, check_is_fitted
from skaudeep.embedding._base import COMMON_CONSTRAINTS, BaseEmbedder


def recurrence_constraints(prefix=""):
    """Constraints of the parameters of one encoder and its decoder."""
    constraints = {
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "bidirectional_encoder": ["boolean"],
        "bidirectional_decoder": ["boolean"],
        "input_noise": [Interval(Real, 0, 1, closed="left")],
        "feed_previous_prob": [Interval(Real, 0, 1, closed="both")],
    }
    return {prefix + name: constraint for name, constraint in constraints.items()}


#: how the features of a frame are cut into windows
WINDOW_CONSTRAINTS = {
    "window_width": [Interval(Integral, 1, None, closed="left")],
    "window_overlap": [Interval(Integral, 0, None, closed="left")],
}


class BaseAutoencoderEmbedder(BaseEmbedder):
    """Base class of the recurrent autoencoders: embedders that reconstruct sequences."""

    _parameter_constraints: ClassVar[dict] = COMMON_CONSTRAINTS | {"mask_silence": ["boolean"]}
    _noise_parameters = ("dropout", "input_noise", "feed_previous_prob")
    #: parameters of scheduled sampling, with those that make a decoder bidirectional and hence always teacher-forced
    _sampling_parameters: ClassVar[dict] = {"feed_previous_prob": "bidirectional_decoder"}

    def _active_noises(self):
        forced = [name for name, parameter in self._sampling_parameters.items() if getattr(self, parameter)]
        return tuple(name for name in super()._active_noises() if name not in forced)

    def reconstruct(self, X, *, free_running=False):
        """Reconstruct sequences.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            As in `transform`.
        free_running : bool, default=False
            Whether the decoder gets nothing but the representation and its own outputs, as in `inverse_transform`;
            otherwise the input of each step is the true step before it (teacher forcing), as in training.

        Returns
        -------
        ndarray of float32 with the shape of X, or object array of (T_i, F)
            In the order of the input.

        Raises
        ------
        ValueError
            For ``free_running=True`` and a bidirectional decoder.
        """
        sequences = self._sequences_to_use(X)
        if free_running:
            self._require_unidirectional_decoders("reconstruct(X, free_running=True)")
        with self._network() as network:
            return self._collect(sequences, network.reconstruct_free_running if free_running else network.reconstruct)

    def inverse_transform(self, Z, n_steps=None):
        """Generate sequences from embeddings alone, free running: the input of the decoder is its own output.

        Parameters
        ----------
        Z : array-like of shape (n, embedding_dim)
            Representations as `transform` gives them with ``output="bottleneck"``.
        n_steps : int
            Length of the sequences in steps; has to be given.

        Returns
        -------
        ndarray of float32 of shape (n, n_steps, F), or (n, n_steps) for sequences of numbers
            In the order of the input.

        Raises
        ------
        ValueError
            For a bidirectional decoder, whose backward half starts from the end of what is to be generated.
        """
        check_is_fitted(self)
        self._require_unidirectional_decoders("inverse_transform")
        if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
            raise ValueError(f"n_steps={n_steps!r}: give the length of the sequences, an integer of at least 1")
        Z = self._check_embeddings(Z, f"(n, {self.embedding_dim_})", n_dims=(2,))
        with self._network() as network:
            size = self._batch_rows(n_steps)
            batches = [network.generate(Z[i : i + size], n_steps).numpy() for i in range(0, len(Z), size)]
        X = self._require_finite(np.concatenate(batches))
        return X[:, :, 0] if self._univariate else X

    def _check_embeddings(self, Z, expected, n_dims):
        try:
            shape = np.shape(Z)
        except ValueError:  # lengths differ
            shape = "(n, unequal lengths)"
        if len(shape) not in n_dims or shape[-1] != self.embedding_dim_:
            raise ValueError(f'Z has shape {shape}; expected {expected}, as transform gives with output="bottleneck"')
        return check_array(Z, dtype=np.float32, allow_nd=True)

    def _require_unidirectional_decoders(self, method):
        wrong = [stacks for stacks in self._config.stacks if stacks.bidirectional and "decoder" in stacks.name]
        if wrong:
            parameter = wrong[0].parameter("bidirectional_decoder")
            raise ValueError(
                f"{method} needs a unidirectional decoder ({parameter}=False): the backward half of a bidirectional "
                "one reads the end of the sequence that is to be generated; use reconstruct(X)"
            )

    def score(self, X, y=None):
        """Negative root mean squared error of the teacher-forced reconstruction, over all real bins of X.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            As in `transform`.
        y : None
            Ignored.

        Returns
        -------
        float
            0 is best.
        """
        sequences = self._sequences_to_use(X)
        with self._network() as network:
            return -self._rmse(network, sequences)

    def reconstruction_error(self, X):
        """Root mean squared error of the teacher-forced reconstruction of each sequence, over its real bins.

        What is unlike the data of `fit` is reconstructed worse than those: the largest errors are candidates for
        anomalies.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            As in `transform`.

        Returns
        -------
        ndarray of float32 of shape (n,)
            0 is best; also that of a sequence with no bin to count under `mask_silence`.
        """
        sequences = self._sequences_to_use(X)
        with self._network() as network:
            errors, n_bins = self._squared_errors(network, sequences)
        return self._require_finite(np.sqrt(errors / np.maximum(n_bins, 1)).astype(np.float32))

    def _rmse(self, network, sequences):
        errors, n_bins = self._squared_errors(network, sequences)
        self._require_finite(errors)
        return float(np.sqrt(errors.sum() / max(n_bins.sum(), 1)))

    def _validate(self, network, sequences, rows):
        errors, n_bins = self._squared_errors(network, sequences, rows).sum(axis=1)
        if not n_bins:
            raise ValueError(
                f"all {len(rows)} sequences held out for early_stopping are silent (-1), which mask_silence=True does "
                "not count: raise validation_fraction, leave silent sequences out or change random_state"
            )
        return {"loss": float(np.sqrt(errors / n_bins))}

    def _squared_errors(self, network, sequences, rows=None):
        """Sum of squared errors and number of bins by sequence, (2, n), zero for other rows than those asked for."""
        sums = np.zeros((2, len(sequences)))
        for batch_rows, batch in self._batches(sequences, rows):
            sums[:, batch_rows] = network.squared_errors(*batch).numpy()
        return sums
