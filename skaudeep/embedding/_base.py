"""What the recurrent autoencoder embedders share: fitting, embedding, reconstructing, files."""

import contextlib
import dataclasses
import json
import os
import warnings
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array

from skaudeep._engine import borrow, load_arrays, prefetch, save_arrays
from skaudeep._sequences import check_sequences
from skaudeep._training import Schedule, Supply, TrainingState, shuffled_batches, split_rows, train
from skaudeep._validation import Integral, Interval, Real, StrOptions, check_is_fitted, draw_seed, fit_context
from skaudeep._version import __version__
from skaudeep.embedding._checkpoints import find_checkpoint

STATISTICS = ("mean", "std", "max", "min", "delta")


class BaseAutoencoderEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base class of the recurrent autoencoders; a subclass says what its network is in `_make_config`."""

    _parameter_constraints: ClassVar[dict] = {
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "cell": [StrOptions({"gru", "lstm"})],
        "bidirectional_encoder": ["boolean"],
        "bidirectional_decoder": ["boolean"],
        "reset_after": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_noise": [Interval(Real, 0, 1, closed="left")],
        "feed_previous_prob": [Interval(Real, 0, 1, closed="both")],
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

    # --- fitting ---

    @fit_context(prefer_skip_nested_validation=True)
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
            When the loss is not finite.
        """
        if callbacks is not None and not isinstance(callbacks, (list, tuple)):
            raise TypeError(f"callbacks={callbacks!r}: give a list of Keras callbacks")
        with self._unchanged_by_failure():
            state, sequences = self._begin(X, continues=self.warm_start and hasattr(self, "weights_"))
            n_epochs = state.n_epochs + self.max_epochs
            checkpoint, state = find_checkpoint(self, sequences, state)
            # after the checkpoint, whose seed may be another one
            training, validation = split_rows(self, len(sequences), state.seed)
            self._train(sequences, state, n_epochs, training, validation, callbacks or (), checkpoint)
        return self

    @fit_context(prefer_skip_nested_validation=True)
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
        with self._unchanged_by_failure():
            state, sequences = self._begin(X, continues=hasattr(self, "weights_"))
            self._train(sequences, state, state.n_epochs + 1, np.arange(len(sequences)))
        return self

    @contextlib.contextmanager
    def _unchanged_by_failure(self):
        """Leave the embedder as it was where training fails or is stopped before its first finished epoch."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            if vars(self).get("weights_") is before.get("weights_"):
                vars(self).clear()
                vars(self).update(before)
            raise

    def _check_statistics(self):
        unknown = [name for name in self.statistics if name not in STATISTICS]
        if unknown or not len(self.statistics):
            raise ValueError(f"statistics={self.statistics!r}: choose one or more of {', '.join(STATISTICS)}")

    def _begin(self, X, continues):
        """Check X; give the state to start training from, and the sequences."""
        self._check_statistics()
        sequences = check_sequences(self, X, reset=not continues)
        config = self._make_config(sequences.n_features)
        changed = config.differences(self._config) if continues else []
        if changed:
            raise ValueError(
                f"{', '.join(changed)} changed since the last fit, so training cannot go on from its weights: restore "
                "the parameters, or call fit with warm_start=False"
            )
        self._config = config
        if not continues:
            seed = draw_seed(self.random_state)
            return TrainingState(config.initial_weights(seed), seed), sequences
        history = {name: list(values) for name, values in self.history_.items()}
        # with a validation loss to beat, the weights that it belongs to
        best = self.weights_ if self.early_stopping and "val_loss" in history else None
        return dataclasses.replace(self._training_state, history=history, best_weights=best, n_stalled=0), sequences

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
                    validate=None if validation is None else lambda: self._rmse(network, sequences, validation),
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
        rates = np.array([self.dropout, self.input_noise, self.feed_previous_prob], np.float32)
        clip_value = np.float32(self.clip_value)

        def train_batch(x, lengths, seed):
            return network.train_batch(x, lengths, rates, clip_value, seed)

        return train_batch

    def _log_callbacks(self):
        if self.log_dir is None:
            return []
        try:
            import tensorboard  # noqa: F401
        except ImportError as error:
            raise ImportError(
                f"log_dir={os.fspath(self.log_dir)!r} needs TensorBoard: pip install 'skaudeep[tensorboard]', or set "
                "log_dir=None"
            ) from error
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
        """
        check_is_fitted(self)
        self._check_statistics()
        sequences = check_sequences(self, X, reset=False)
        result = np.empty((len(sequences), self._n_features_out), np.float32)
        chosen = [STATISTICS.index(name) for name in self.statistics]
        with self._network() as network:
            for rows, batch in self._batches(sequences):
                if self.output == "bottleneck":
                    result[rows] = network.encode(*batch).numpy()
                else:
                    result[rows] = np.concatenate(network.state_statistics(*batch).numpy()[chosen], axis=1)
        return result

    def reconstruct(self, X):
        """Reconstruct sequences, each step with the true step before it at hand (teacher forcing).

        Parameters
        ----------
        X : array-like of shape (n, T, F) or (n, T), list of (T_i, F), or lazy array (n, T, F)
            As in `transform`.

        Returns
        -------
        ndarray of float32 with the shape of X, or object array of (T_i, F)
            In the order of the input.
        """
        check_is_fitted(self)
        sequences = check_sequences(self, X, reset=False)
        results = [None] * len(sequences)
        with self._network() as network:
            for rows, batch in self._batches(sequences):
                for row, reconstruction in zip(rows, network.reconstruct(*batch).numpy(), strict=True):
                    reconstruction = reconstruction[: sequences.lengths[row]]
                    results[row] = reconstruction[:, 0] if self._univariate else reconstruction
        if not sequences.ragged:
            return np.stack(results)
        ragged = np.empty(len(results), object)
        ragged[:] = results
        return ragged

    def inverse_transform(self, Z, n_steps):
        """Generate sequences from embeddings alone: the decoder hears itself instead of the input.

        Parameters
        ----------
        Z : array-like of shape (n, embedding_dim)
            Representations as `transform` gives them with ``output="bottleneck"``.
        n_steps : int
            Length of the sequences in steps.

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
        if self._config.bidirectional_decoder:
            raise ValueError(
                "inverse_transform needs a unidirectional decoder (bidirectional_decoder=False): the backward half "
                "of a bidirectional one reads the end of the sequence that is to be generated; use reconstruct(X)"
            )
        if not isinstance(n_steps, Integral) or n_steps < 1:
            raise ValueError(f"n_steps={n_steps!r}: give the length of the sequences, an integer of at least 1")
        Z = check_array(Z, dtype=np.float32)
        if Z.shape[1] != self.embedding_dim_:
            raise ValueError(
                f"Z has shape {Z.shape}; expected (n, {self.embedding_dim_}), as transform gives with "
                'output="bottleneck"'
            )
        with self._network() as network:
            size = self._inference_batch_size
            batches = [network.generate(Z[i : i + size], n_steps).numpy() for i in range(0, len(Z), size)]
        X = np.concatenate(batches)
        return X[:, :, 0] if self._univariate else X

    def score(self, X, y=None):
        """Negative root mean squared error of the reconstruction, over all real bins of X.

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
        check_is_fitted(self)
        sequences = check_sequences(self, X, reset=False)
        with self._network() as network:
            return -self._rmse(network, sequences)

    def _rmse(self, network, sequences, rows=None):
        errors = n_bins = 0.0
        for _, batch in self._batches(sequences, rows):
            batch_errors, batch_bins = network.evaluate_batch(*batch)
            errors, n_bins = errors + float(batch_errors), n_bins + float(batch_bins)
        return float(np.sqrt(errors / n_bins))

    def _batches(self, sequences, rows=None):
        """Row numbers and arrays of all batches, or of those of some rows, read ahead."""
        batches = sequences.batches(self._inference_batch_size, rows)
        return zip(batches, prefetch(sequences.take, batches), strict=True)

    @property
    def _inference_batch_size(self):
        return max(self.batch_size, 128)

    def _network(self):
        """Borrow a network with the fitted weights."""
        return borrow(self._config, self.weights_)

    @property
    def _n_features_out(self):
        if self.output == "bottleneck":
            return self.embedding_dim_
        return self._config.n_encoder_outputs * len(self.statistics)

    def to_keras(self):
        """Rebuild the fitted network from stock Keras layers.

        Returns
        -------
        encoder : keras.Model
            From (n, T, F) to the representation, (n, embedding_dim), as `transform`.
        autoencoder : keras.Model
            From (n, T, F) to its reconstruction, as `reconstruct`.
        """
        check_is_fitted(self)
        from skaudeep.embedding._export import to_keras

        return to_keras(self._config, self.weights_)

    # --- files ---

    def save(self, path):
        """Write the fitted embedder to one file that holds no code: JSON and arrays.

        Parameters
        ----------
        path : path-like
            The file, ``.npz`` by custom; an earlier one is replaced atomically.
        """
        check_is_fitted(self)
        parameters = self.get_params() | {"statistics": [str(name) for name in self.statistics]}
        for name in ("checkpoint_dir", "log_dir"):
            parameters[name] = None if parameters[name] is None else os.fspath(parameters[name])
        if not isinstance(parameters["random_state"], Integral | None):
            parameters["random_state"] = None
        state = self._training_state
        header = {
            "format": 1,
            "class": type(self).__name__,
            "version": __version__,
            "parameters": json.loads(json.dumps(parameters, default=_plain_number)),
            "config": dataclasses.asdict(self._config),
            "n_features_in": self.n_features_in_,
            "feature_names_in": getattr(self, "feature_names_in_", np.array([])).tolist(),
            "univariate": self._univariate,
            "state": {name: getattr(state, name) for name in state._NUMBERS},
        }
        save_arrays(path, header, state.to_arrays())

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        embedder
            Fitted, of this class.

        Raises
        ------
        ValueError
            If the file holds something else.
        """
        header, arrays = load_arrays(path)
        if header.get("class") != cls.__name__ or header.get("format") != 1:
            held = f"{header['class']} in format {header.get('format')}" if "class" in header else "no embedder"
            raise ValueError(f"{os.fspath(path)!r} holds {held}, not a {cls.__name__} in format 1")
        if header.get("version") != __version__:
            warnings.warn(
                f"{os.fspath(path)!r} was written by skaudeep {header.get('version')}, this is {__version__}",
                stacklevel=2,
            )
        embedder = cls(**header["parameters"])
        embedder.statistics = tuple(embedder.statistics)
        embedder._config = cls._config_class(**header["config"])
        embedder.n_features_in_ = header["n_features_in"]
        if header["feature_names_in"]:
            embedder.feature_names_in_ = np.array(header["feature_names_in"], dtype=object)
        embedder._univariate = header["univariate"]
        embedder._store(TrainingState.from_arrays(header["state"], arrays))
        return embedder

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _plain_number(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot write a parameter of type {type(value).__name__} ({value!r}) to a file")
