"""What the recurrent autoencoder embedders share: fitting, embedding, reconstructing."""

import dataclasses
import os
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array

from skaudeep._engine import borrow, prefetch
from skaudeep._persistence import VersionedMixin
from skaudeep._sequences import check_sequences
from skaudeep._training import (
    Schedule,
    Supply,
    TrainingState,
    check_callbacks,
    shuffled_batches,
    split_rows,
    train,
    unchanged_by_failure,
)
from skaudeep._validation import (
    Integral,
    Interval,
    Real,
    StrOptions,
    check_is_fitted,
    draw_seed,
    fit_context,
    require_finite_results,
)
from skaudeep.embedding._checkpoints import find_checkpoint, make_folder
from skaudeep.embedding._exchange import ExchangeMixin
from skaudeep.embedding._pooling import STATISTICS, check_statistics


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


#: what the names of parameters that bring chance into training end with
NOISES = ("dropout", "input_noise", "feed_previous_prob")

#: how the features of a frame are cut into windows
WINDOW_CONSTRAINTS = {
    "window_width": [Interval(Integral, 1, None, closed="left")],
    "window_overlap": [Interval(Integral, 0, None, closed="left")],
}


class BaseAutoencoderEmbedder(
    ExchangeMixin, VersionedMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Base class of the recurrent autoencoders; a subclass says what its network is.

    It does so by `_config_class`, whose fields are parameters of the same names, and by `_kind`, the name of its
    architecture.
    """

    _parameter_constraints: ClassVar[dict] = {
        "cell": [StrOptions({"gru", "lstm"})],
        "reset_after": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "mask_silence": ["boolean"],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "clip_value": [Interval(Real, 0, None, closed="neither")],
        "output": [StrOptions({"bottleneck", "states"})],
        "statistics": ["array-like"],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "checkpoint_dir": [str, os.PathLike, None],
        "log_dir": [str, os.PathLike, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    #: whether X of two dimensions is (n, F), a frame each, and not (n, T), sequences of numbers
    _rows_are_frames = False
    #: steps to look at side by side where nothing is learned
    _steps_of_a_batch = 2**14

    # --- fitting ---

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("weights_")
    def fit(self, X, y=None, callbacks=None):
        """Learn to reconstruct sequences.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            Sequences of T steps (frames) of F features, scaled to about [-1, 1]. A memmap, a dask array or a lazy
            ``xarray.DataArray`` is read batch by batch.
        y : None
            Ignored; for pipelines.
        callbacks : list of keras.callbacks.Callback, optional
            Called as by ``keras.Model.fit``. What they remember is not in a checkpoint of `checkpoint_dir`, and
            `ModelCheckpoint` needs ``save_weights_only=True``.

        Returns
        -------
        self : object
            Fitted embedder.

        Raises
        ------
        TrainingError
            When the loss or a weight is not finite; the embedder is left as it was, or as the last finished epoch has
            left it.
        """
        check_callbacks(callbacks)
        state, sequences = self._begin(X, continues=self.warm_start and hasattr(self, "weights_"))
        n_epochs = state.n_epochs + self.max_epochs
        checkpoint, state = find_checkpoint(self, sequences, state)
        # after the checkpoint, whose seed may be another one
        training, validation = split_rows(self, len(sequences), state.seed)
        self._train(sequences, state, n_epochs, training, validation, callbacks or (), checkpoint)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("weights_")
    def partial_fit(self, X, y=None):
        """Train for one epoch on X, going on from where the last fit or epoch ended, optimizer included.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            As in `fit`.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The embedder.
        """
        state, sequences = self._begin(X, continues=hasattr(self, "weights_"))
        self._train(sequences, state, state.n_epochs + 1, np.arange(len(sequences)))
        return self

    def _check_parameters(self):
        """Check what may have been set since `fit` checked it."""
        self._validate_params()
        check_statistics(self)

    def _check_sequences(self, X, reset=False):
        return check_sequences(self, X, reset=reset, rows_are_frames=self._rows_are_frames)

    def _sequences_to_use(self, X):
        """Check that the embedder is fitted, its parameters, and the sequences that it is to be used on."""
        check_is_fitted(self)
        self._check_parameters()
        return self._check_sequences(X)

    def _make_config(self, n_features):
        """Architecture for a number of features: the fields of the config that are parameters have their values."""
        parameters = self.get_params(deep=False)
        kinds = {field.name: field.type for field in dataclasses.fields(self._config_class)}
        fields = {name: kind(parameters[name]) for name, kind in kinds.items() if name in parameters}
        fields["reset_after"] = fields["reset_after"] and self.cell == "gru"
        noises = [name for ending in NOISES for name in parameters if name.endswith(ending) and parameters[name] > 0]
        # a bidirectional decoder never hears itself
        decoders = [name for name in parameters if name.endswith("bidirectional_decoder") and parameters[name]]
        deaf = [name.replace("bidirectional_decoder", "feed_previous_prob") for name in decoders]
        noises = tuple(name for name in noises if name not in deaf)
        return self._config_class(n_features=int(n_features), noises=noises, **fields)

    def _begin(self, X, continues):
        """Check X; give the state to start training from, and the sequences."""
        check_statistics(self)
        sequences = self._check_sequences(X, reset=not continues)
        config = self._make_config(sequences.n_features)
        if continues:
            config = dataclasses.replace(config, audeep_decoder=self._config.audeep_decoder)
        changed = config.differences(self._config) if continues else []
        if changed:
            raise ValueError(
                f"{', '.join(changed)} changed since the last fit, so training cannot go on from its weights: restore "
                "the parameters, or call fit with warm_start=False"
            )
        self._config = config
        if not continues:
            vars(self).pop("provenance_", None)  # of other data
            seed = draw_seed(self.random_state)
            return TrainingState(config.initial_weights(seed), seed), sequences
        history = {name: list(values) for name, values in self.history_.items()}
        # what is to be beaten are the present weights, on the present data
        best = self.weights_ if self.early_stopping else None
        state = dataclasses.replace(
            self._training_state, history=history, best_weights=best, best_loss=np.nan, n_stalled=0
        )
        return state, sequences

    def _train(self, sequences, state, max_epochs, training, validation=None, callbacks=(), checkpoint=None):
        schedule = Schedule(
            max_epochs=max_epochs,
            learning_rate=self.learning_rate,
            n_iter_no_change=None if validation is None else self.n_iter_no_change,
            verbose=bool(self.verbose),
            description=type(self).__name__,
            remedy="lower `learning_rate` or `clip_value`, and check that the input is scaled to about [-1, 1]",
        )
        n_before = state.n_epochs
        lengths = sequences.lengths if sequences.ragged else None
        try:
            with borrow(self._config) as network:
                supply = Supply(
                    batches=lambda epoch: shuffled_batches(training, self.batch_size, state.seed, epoch, lengths),
                    load=sequences.take,
                    train_batch=self._batch_trainer(network),
                    validate=None if validation is None else lambda: self._validate(network, sequences, validation),
                )
                callbacks = [*callbacks, *self._log_callbacks()]
                train(network, state, schedule, supply, callbacks=callbacks, checkpoint=checkpoint)
        except BaseException:
            if state.n_epochs > n_before:  # what the last finished epoch gave is not lost
                self._store(state)
            raise
        self._store(state)

    def _store(self, state):
        self.weights_ = state.weights
        self.history_ = state.history
        self.n_iter_ = state.n_epochs
        self.loss_ = state.history.get("loss", [np.nan])[-1]
        self.embedding_dim_ = self._config.embedding_dim
        self._training_state = dataclasses.replace(state, best_weights=None)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "weights_")

    def _batch_trainer(self, network):
        rates = np.array([getattr(self, name) for name in self._config.noises], np.float32)
        clip_value = np.float32(self.clip_value)

        def train_batch(x, lengths, seed):
            return network.train_batch(x, lengths, rates, clip_value, seed)

        return train_batch

    def _log_callbacks(self):
        if self.log_dir is None:
            return []
        make_folder(self.log_dir, "log_dir")
        import keras

        return [keras.callbacks.TensorBoard(os.fspath(self.log_dir), write_graph=False)]

    # --- using ---

    def transform(self, X):
        """Embed sequences.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            As in `fit`; T may differ from there unless X is (n, T).

        Returns
        -------
        ndarray of float32 of shape (n, D)
            The representation (``output="bottleneck"``, D = `embedding_dim_`) or statistics over time of the
            encoder's states (``output="states"``).

        Raises
        ------
        ValueError
            If X, or a result, is not finite.
        """
        sequences = self._sequences_to_use(X)
        if self.output == "bottleneck":
            return self._embed(sequences)
        result = np.empty((len(sequences), self._n_features_out), np.float32)
        chosen = [STATISTICS.index(name) for name in self.statistics]
        with self._network() as network:
            for rows, batch in self._batches(sequences):
                result[rows] = np.concatenate(network.state_statistics(*batch).numpy()[chosen], axis=1)
        return self._require_finite(result)

    def _embed(self, sequences):
        result = np.empty((len(sequences), self.embedding_dim_), np.float32)
        with self._network() as network:
            for rows, batch in self._batches(sequences):
                result[rows] = network.encode(*batch).numpy()
        return self._require_finite(result)

    def _require_finite(self, results):
        """Give results, one of each row, if they are finite; else say whose fault it is."""
        try:
            return require_finite_results(results, f"a {type(self).__name__}")
        except ValueError:
            wrong = [name for name, weights in self.weights_.items() if not np.isfinite(weights).all()]
            if not wrong:
                raise
            raise ValueError(
                f"the weights {wrong[0]} of this {type(self).__name__} are not finite: its training has failed, so fit "
                "it again, with a lower learning_rate"
            ) from None

    def reconstruct(self, X, *, free_running=False):
        """Reconstruct sequences.

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            As in `transform`.
        free_running : bool, default=False
            Whether the decoder hears itself and knows nothing but the representation, as in `inverse_transform`;
            otherwise each step has the true step before it at hand (teacher forcing), as in training.

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
            return self._collect(sequences, network.reconstruct_alone if free_running else network.reconstruct)

    def _collect(self, sequences, function):
        """Apply a function of batches that gives something for each step; it returns like the sequences are."""
        results = np.empty(len(sequences), object) if sequences.ragged else None
        for rows, batch in self._batches(sequences):
            found = function(*batch).numpy()
            if sequences.ragged:
                for row, steps in zip(rows, found, strict=True):
                    results[row] = sequences.like_input(steps[: sequences.lengths[row]])
                continue
            if results is None:
                results = np.empty((len(sequences), *found.shape[1:]), np.float32)
            results[rows] = found
        self._require_finite(results)
        return results if sequences.ragged else sequences.like_input(results)

    def inverse_transform(self, Z, n_steps=None):
        """Generate sequences from embeddings alone: the decoder hears itself instead of the input.

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
        return float(np.sqrt(errors / n_bins))

    def _squared_errors(self, network, sequences, rows=None):
        """Sum of squared errors and number of bins by sequence, (2, n), zero for other rows than those asked for."""
        sums = np.zeros((2, len(sequences)))
        for batch_rows, batch in self._batches(sequences, rows):
            sums[:, batch_rows] = network.evaluate_batch(*batch).numpy()
        return sums

    def _batches(self, sequences, rows=None):
        """Row numbers and arrays of all batches, or of those of some rows, read ahead."""
        batches = sequences.batches(self._batch_rows(sequences.lengths.max()), rows)
        return zip(batches, prefetch(sequences.take, batches), strict=True)

    def _batch_rows(self, n_steps):
        """Number of sequences to look at side by side where nothing is learned: fewer where they are long."""
        return max(1, min(max(self.batch_size, 128), self._steps_of_a_batch // int(n_steps)))

    def _network(self):
        """Borrow a network with the fitted weights."""
        return borrow(self._config, self.weights_)

    @property
    def _n_features_out(self):
        if self.output == "bottleneck":
            return self.embedding_dim_
        return self._config.n_layer_outputs * len(self.statistics)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
