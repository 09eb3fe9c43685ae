"""What all embedders share: fitting, checkpoints, embedding; it knows no decoder and no objective."""

import collections
import dataclasses
import os
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from skaudeep._containers import RowNamesMixin, with_row_names
from skaudeep._engine import borrow, prefetch
from skaudeep._files import make_folder
from skaudeep._sequences import check_sequences, nearest_steps
from skaudeep._training import (
    Schedule,
    Task,
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
from skaudeep._versions import VersionedMixin
from skaudeep.embedding._checkpoints import find_checkpoint
from skaudeep.embedding._config import CELLS, EncoderConfig
from skaudeep.embedding._covariances import Moments
from skaudeep.embedding._exchange import ExchangeMixin
from skaudeep.embedding._pooling import COVARIANCE, check_directions, check_statistics
from skaudeep.embedding._statistics import STATISTICS

#: constraints of the parameters that all embedders have
COMMON_CONSTRAINTS = {
    "cell": [StrOptions(set(CELLS))],
    "reset_after": ["boolean"],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "learning_rate_schedule": [StrOptions({"constant", "cosine", "one-cycle"})],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "clip_value": [Interval(Real, 0, None, closed="neither")],
    "output": [StrOptions({"bottleneck", "states", "frames"})],
    "statistics": ["array-like"],
    "n_components": [Interval(Integral, 1, None, closed="left")],
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

#: constraints of the parameters of an encoder over time
ENCODER_CONSTRAINTS = {
    "n_layers": [Interval(Integral, 0, None, closed="left")],
    "n_units": [Interval(Integral, 1, None, closed="left")],
    "bidirectional_encoder": ["boolean"],
    "input_noise": [Interval(Real, 0, 1, closed="left")],
    "embedding_dim": [Interval(Integral, 1, None, closed="left")],
    "conv_channels": ["array-like"],
    "conv_kernel": ["array-like"],
    "conv_strides": ["array-like"],
    "n_bands": [Interval(Integral, 1, None, closed="left")],
}

#: sequences that directions of covariances are learned of after an epoch that is not the last one
_ROWS_TO_SAMPLE = 128
#: batches of sequences that the moments of batch normalisation are measured on
_BATCHES_TO_MEASURE = 6

#: all kinds of embedders that have been defined, by their names
embedders = {}


class BaseEmbedder(
    RowNamesMixin,
    ExchangeMixin,
    VersionedMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    BaseEstimator,
    auto_wrap_output_keys=None,
):
    """Base class of all embedders; a subclass says what its network is and thereby what it learns.

    It does so by `kind`, its name on the command line and in configurations; `_config_class`, whose fields are
    parameters of the same names; and `_build_network`, a static method that makes the network of a config and imports
    TensorFlow. The parameters of this class itself are those of an `EncoderConfig` and of training.

    Parameters
    ----------
    n_layers, n_units : int, default=1 and 256
        Recurrent layers of the encoder (0: convolutions alone), and units of each layer and direction.
    cell : {"gru", "lstm"}, default="gru"
        Recurrent cell.
    bidirectional_encoder : bool, default=False
        Also read the sequence from its end.
    embedding_dim : int, default=256
        Size of the representation.
    conv_channels : sequence of int, default=()
        Channels of each convolution over time and frequency before the recurrent layers.
    conv_kernel, conv_strides : sequence of two int, default=(3, 3) and (1, 2)
        Size and step of the convolutions: frames, features.
    n_bands : int, default=4
        Bands of frequency that the outputs of each convolution are averaged to, those of each channel by themselves,
        for ``output="states"``; no more than there are features.
    reset_after : bool, default=True
        For "gru": apply the reset gate after the matrix product.
    dropout, input_noise : float, default=0.2 and 0.0
        Shares of the inputs and outputs of cells, and of the steps of the input, to drop in training.
    learning_rate : float, default=1e-3
        Step size of Adam; the largest one where it changes.
    learning_rate_schedule : {"constant", "cosine", "one-cycle"}, default="constant"
        How it changes from step to step.
    weight_decay, clip_value : float, default=0.0 and 2.0
        Decoupled decay of kernels; gradients are clipped element-wise to [-clip_value, clip_value].
    output, statistics, n_components : str, sequence of str and int
        As in `Seq2SeqAutoencoderEmbedder`.
    batch_size, max_epochs : int, default=64
        Sequences of a training step, passes over the data.
    early_stopping, validation_fraction, n_iter_no_change : bool, float and int
        As in `Seq2SeqAutoencoderEmbedder`.
    warm_start, checkpoint_dir, log_dir, random_state, verbose : various
        As in `Seq2SeqAutoencoderEmbedder`.

    See Also
    --------
    skaudeep.embedding.networks.EncoderNetwork : What its network derives from.

    Examples
    --------
    >>> from skaudeep.embedding import BaseEmbedder
    >>> class Untrained(BaseEmbedder):
    ...     @staticmethod
    ...     def _build_network(config):
    ...         from skaudeep.embedding.networks import EncoderNetwork
    ...         return EncoderNetwork(config)
    >>> embedder = Untrained(n_units=4, embedding_dim=2, max_epochs=0, random_state=0)
    >>> embedder.fit_transform([[[0.0], [1.0]], [[1.0], [0.5]]]).shape
    (2, 2)
    """

    _parameter_constraints: ClassVar[dict] = COMMON_CONSTRAINTS | ENCODER_CONSTRAINTS
    _config_class = EncoderConfig
    #: parameters that bring chance into training; zero stands for none
    _noise_parameters = ("dropout", "input_noise")
    #: whether X of two dimensions is (n, F), a frame each, and not (n, T), sequences of numbers
    _rows_are_frames = False
    #: steps to look at side by side where nothing is learned
    _steps_of_a_batch = 2**14
    #: for each layer the directions in which covariances of its outputs are taken, once these have been learned
    _directions = None

    def __init_subclass__(cls, **kwargs):
        # scikit-learn would make tables of all outputs, also of those that are sequences
        super().__init_subclass__(**{"auto_wrap_output_keys": None} | kwargs)
        if "kind" in vars(cls):
            embedders[cls.kind] = cls

    def __init__(
        self,
        *,
        n_layers=1,
        n_units=256,
        cell="gru",
        bidirectional_encoder=False,
        embedding_dim=256,
        conv_channels=(),
        conv_kernel=(3, 3),
        conv_strides=(1, 2),
        n_bands=4,
        reset_after=True,
        dropout=0.2,
        input_noise=0.0,
        learning_rate=1e-3,
        learning_rate_schedule="constant",
        weight_decay=0.0,
        clip_value=2.0,
        output="bottleneck",
        statistics=STATISTICS,
        n_components=64,
        batch_size=64,
        max_epochs=64,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        checkpoint_dir=None,
        log_dir=None,
        random_state=None,
        verbose=0,
    ):
        self.n_layers = n_layers
        self.n_units = n_units
        self.cell = cell
        self.bidirectional_encoder = bidirectional_encoder
        self.embedding_dim = embedding_dim
        self.conv_channels = conv_channels
        self.conv_kernel = conv_kernel
        self.conv_strides = conv_strides
        self.n_bands = n_bands
        self.reset_after = reset_after
        self.dropout = dropout
        self.input_noise = input_noise
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.weight_decay = weight_decay
        self.clip_value = clip_value
        self.output = output
        self.statistics = statistics
        self.n_components = n_components
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.checkpoint_dir = checkpoint_dir
        self.log_dir = log_dir
        self.random_state = random_state
        self.verbose = verbose

    @staticmethod
    def _build_network(config):
        """Make the network of a config."""
        raise NotImplementedError

    # --- fitting ---

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("weights_")
    def fit(self, X, y=None, callbacks=None, after_epoch=None, resume=False):
        """Learn to represent sequences.

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
        after_epoch : callable, optional
            Called as ``after_epoch(embedder)`` after each epoch with this embedder, which then is fitted and can be
            used or saved. Where it is given, Ctrl-C is passed on.
        resume : bool, default=False
            Go on with a fit that was stopped, of this embedder or the one that was saved, up to `max_epochs` epochs in
            total, as if it had never been stopped. Nothing is done if it was not.

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
        if after_epoch is not None and not callable(after_epoch):
            raise TypeError(f"after_epoch={after_epoch!r}: give a function, which gets the embedder after each epoch")
        is_fitted = hasattr(self, "weights_")
        resume = resume and is_fitted
        state, sequences = self._begin(X, continues=is_fitted and (self.warm_start or resume))
        if resume:
            best_weights = self._training_state.best_weights or state.best_weights
            state = dataclasses.replace(self._training_state, history=state.history, best_weights=best_weights)
        first_epoch = 0 if resume else state.n_epochs
        checkpoint, state = find_checkpoint(self, sequences, state, first_epoch + self.max_epochs)
        # after the checkpoint, whose seed may be another one
        training, validation = split_rows(self, len(sequences), state.seed)
        schedule = self._make_schedule(
            max_epochs=first_epoch + self.max_epochs,
            learning_rate_schedule=self.learning_rate_schedule,
            first_epoch=first_epoch,
            n_iter_no_change=None if validation is None else self.n_iter_no_change,
        )
        self._train(state, schedule, sequences, training, validation, callbacks or (), checkpoint, after_epoch)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("weights_")
    def partial_fit(self, X, y=None):
        """Train for one epoch on X, going on from where the last fit or epoch ended, optimizer included.

        The learning rate is constant, as there is no last epoch to lower it to.

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
        schedule = self._make_schedule(max_epochs=state.n_epochs + 1)
        self._train(state, schedule, sequences, np.arange(len(sequences)))
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

    def _make_config(self, sequences, **values):
        """Make the architecture for sequences: fields that are parameters have their values, unless given here."""
        values = {"n_features": int(sequences.n_features), "noises": self._active_noises()} | values
        for field in dataclasses.fields(self._config_class):
            if field.name not in values and hasattr(self, field.name):
                values[field.name] = field.type(getattr(self, field.name))
        values["reset_after"] = values["reset_after"] and self.cell == "gru"
        return self._config_class(**values)

    def _active_noises(self):
        """Names of the parameters that bring chance into training now."""
        return tuple(name for name in self._noise_parameters if getattr(self, name) > 0)

    @property
    def _noise_rates(self):
        """Values of the parameters that brought chance into the network when it was made."""
        return np.array([getattr(self, name) for name in self._config.noises], np.float32)

    def _make_schedule(self, **settings):
        return Schedule(
            learning_rate=self.learning_rate,
            verbose=bool(self.verbose),
            description=type(self).__name__,
            remedy="lower `learning_rate` or `clip_value`, and check that the input is scaled to about [-1, 1]",
            **settings,
        )

    def _begin(self, X, continues):
        """Check X; give the state to start training from, and the sequences."""
        check_statistics(self)
        sequences = self._check_sequences(X, reset=not continues)
        config = self._make_config(sequences)
        if not continues:
            self._config = config
            vars(self).pop("provenance_", None)  # of other data
            seed = draw_seed(self.random_state)
            with borrow(config, self._build_network) as network:
                return TrainingState(self._initial_weights(network, sequences, seed), seed), sequences
        config = config.go_on_from(self._config)
        changed = config.differences(self._config)
        if changed:
            raise ValueError(
                f"{', '.join(changed)} changed since the last fit, so training cannot go on from its weights: restore "
                "the parameters, or call fit with warm_start=False"
            )
        self._config = config
        history = {name: list(values) for name, values in self.history_.items()}
        # what is to be beaten are the present weights, on the present data
        best = self.weights_ if self.early_stopping else None
        state = dataclasses.replace(
            self._training_state, history=history, best_weights=best, best_loss=np.nan, n_stalled=0
        )
        return state, sequences

    def _initial_weights(self, network, sequences, seed):
        """Draw weights; those that are measured on data, and not learned, are means over a few batches."""
        weights = network.initial_weights(seed)
        if not network.measures:
            return weights
        network.load_weights_dict(weights)
        rows = np.random.RandomState(seed).permutation(len(sequences))[: _BATCHES_TO_MEASURE * self.batch_size]
        for number, (_, batch) in enumerate(self._batches(sequences, np.sort(rows)), start=1):
            network.measure_batch(*batch, 1 / number)
        return network.read_weights()

    def _train(
        self, state, schedule, sequences, training, validation=None, callbacks=(), checkpoint=None, after_epoch=None
    ):
        n_before = state.n_epochs
        self._directions = None

        def finish_epoch():
            # if it is saved and loaded, the training can go on
            self._store(state, None if state.best_weights is state.weights else state.best_weights)
            is_last = state.n_epochs >= schedule.max_epochs
            self._learn_directions(sequences, training if is_last else _sample(training))
            after_epoch(self)

        try:
            with borrow(self._config, self._build_network) as network:
                task = _SequenceTask(self, network, sequences, state.seed, training, validation)
                hook = None if after_epoch is None else finish_epoch
                callbacks = [*callbacks, *self._log_callbacks()]
                train(task, state, schedule, callbacks=callbacks, checkpoint=checkpoint, after_epoch=hook)
        except BaseException:
            if state.n_epochs > n_before:  # what the last finished epoch gave is not lost
                self._store(state)
            raise
        self._store(state)
        self._learn_directions(sequences, training)

    @property
    def _pools_covariances(self):
        """Whether `transform` gives covariances of states, whose directions are learned at the end of `fit`."""
        return self.output == "states" and COVARIANCE in self.statistics

    def _learn_directions(self, sequences, rows):
        """Learn in which directions outputs of layers vary, if covariances are asked for, of the present weights."""
        if self._directions is not None or not self._pools_covariances:
            return
        found = []
        with self._network(self._states_config) as network:
            for _, batch in self._batches(sequences, rows):
                layers = network.state_moments(*batch)
                found = found or [Moments() for _ in layers]
                for sums, new in zip(found, layers, strict=True):
                    sums.add(*(tensor.numpy() for tensor in new))
        self._directions = [sums.find_directions(self.n_components) for sums in found]

    def _store(self, state, best_weights=None):
        if vars(self).get("weights_") is not state.weights:
            self._directions = None
        self.weights_ = state.weights
        self.history_ = state.history
        self.n_iter_ = state.n_epochs
        self.loss_ = state.history.get("loss", [np.nan])[-1]
        self.embedding_dim_ = self._config.embedding_dim
        self._training_state = dataclasses.replace(state, best_weights=best_weights)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "weights_")

    def _log_callbacks(self):
        if self.log_dir is None:
            return []
        make_folder(self.log_dir, "log_dir")
        import keras

        return [keras.callbacks.TensorBoard(os.fspath(self.log_dir), write_graph=False)]

    def _validate(self, network, sequences, rows):
        """Compute the losses of some sequences without noise, means over batches weighted by their sizes."""
        totals = collections.Counter()
        for batch_rows, batch in self._batches(sequences, rows):
            for name, loss in self._evaluate_batch(network, batch).items():
                totals[name] += float(loss) * len(batch_rows)
        return {name: total / len(rows) for name, total in totals.items()}

    def _evaluate_batch(self, network, batch):
        return network.evaluate_batch(*batch)

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
            encoder's states (``output="states"``): the first one of all layers, then the second, and so on.
        ndarray of float32 of shape (n, T, D), or object array of (T_i, D)
            The outputs of the last layer of the encoder, a vector for each frame of X (``output="frames"``): of a
            bidirectional one first those that read forwards. Where convolutions have strides in time, a frame gets the
            output that stands nearest to it.
        Series or DataFrame
            Of these, with the index of X, where pandas output is asked for and X has one.

        Raises
        ------
        ValueError
            If X, or a result, is not finite.
        """
        sequences = self._sequences_to_use(X)
        embed = {"bottleneck": self._embed, "states": self._describe_states, "frames": self._embed_frames}
        return with_row_names(self, embed[self.output](sequences), X)

    def _describe_states(self, sequences):
        """Statistics over time of the outputs of all layers."""
        result = np.empty((len(sequences), self._n_features_out), np.float32)
        with self._network(self._states_config) as network:
            for rows, batch in self._batches(sequences):
                statistics = self._pool_states(network, batch)
                result[rows] = np.concatenate([statistics[name] for name in self.statistics], axis=1)
        return self._require_finite(result)

    def _pool_states(self, network, batch):
        """Statistics by name of the outputs of all layers, side by side."""
        if COVARIANCE not in self.statistics:
            return dict(zip(STATISTICS, network.state_statistics(*batch).numpy(), strict=True))
        values, covariances = network.state_covariances(*batch, self._directions)
        vectors = []
        for directions, of_layer in zip(self._directions, covariances, strict=True):
            vectors.append(directions.vectorise(of_layer.numpy()))
        return dict(zip(STATISTICS, values.numpy(), strict=True)) | {COVARIANCE: np.concatenate(vectors, axis=1)}

    def _embed(self, sequences):
        result = np.empty((len(sequences), self.embedding_dim_), np.float32)
        with self._network() as network:
            for rows, batch in self._batches(sequences):
                result[rows] = network.encode(*batch).numpy()
        return self._require_finite(result)

    def _embed_frames(self, sequences):
        """Outputs of the last layer for each step of the sequences."""
        stride = self._config.time_stride
        with self._network() as network:
            return self._collect(sequences, network.encode_frames, sequences.like_frames, stride)

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

    def _collect(self, sequences, function, like=None, stride=1):
        """Apply a function of batches that gives something for each step; it returns like the sequences are.

        With a `stride` it gives something for each step at a multiple of it, of which every step gets the nearest.
        """
        like = sequences.like_input if like is None else like
        results = np.empty(len(sequences), object) if sequences.ragged else None
        for rows, batch in self._batches(sequences):
            found = function(*batch).numpy()
            if sequences.ragged:
                for row, steps in zip(rows, found, strict=True):
                    results[row] = like(steps[nearest_steps(sequences.lengths[row], stride)])
                continue
            steps = found[:, nearest_steps(sequences.lengths[0], stride)]
            if results is None:
                results = np.empty((len(sequences), *steps.shape[1:]), np.float32)
            results[rows] = steps
        self._require_finite(results)
        return results if sequences.ragged else like(results)

    def _batches(self, sequences, rows=None):
        """Row numbers and arrays of all batches, or of those of some rows, read ahead."""
        batches = sequences.batches(self._batch_rows(sequences.lengths.max()), rows)
        return zip(batches, prefetch(sequences.take, batches), strict=True)

    def _batch_rows(self, n_steps):
        """Number of sequences to look at side by side where nothing is learned: fewer where they are long."""
        return max(1, min(max(self.batch_size, 128), self._steps_of_a_batch // int(n_steps)))

    def _network(self, config=None):
        """Borrow a network with the fitted weights."""
        return borrow(config or self._config, self._build_network, self.weights_)

    @property
    def _states_config(self):
        """The architecture with as many bands of convolutions as there are to be now."""
        if not hasattr(self._config, "n_bands"):
            return self._config
        return dataclasses.replace(self._config, n_bands=int(self.n_bands))

    @property
    def _n_features_out(self):
        if self.output == "bottleneck":
            return self.embedding_dim_
        if self.output == "frames":
            return self._config.n_outputs
        n_outputs = self._states_config.n_layer_outputs
        if COVARIANCE not in self.statistics:
            return n_outputs * len(self.statistics)
        remedy = "fit again; with warm_start=True and max_epochs=0 the weights stay as they are"
        check_directions(self, self._directions, n_outputs, remedy)
        n_pairs = sum(of_layer.n_pairs for of_layer in self._directions)
        return n_outputs * (len(self.statistics) - 1) + n_pairs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _sample(rows):
    """Give some of the rows, evenly spaced: enough to learn directions of before the training ends."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), _ROWS_TO_SAMPLE))
    return rows[places.astype(int)]


class _SequenceTask(Task):
    """The training of an embedder on sequences."""

    def __init__(self, embedder, network, sequences, seed, training, validation):
        self.network = network
        self.validates = validation is not None
        self._embedder = embedder
        self._sequences = sequences
        self._seed = seed
        self._training = training
        self._validation = validation
        self._lengths = sequences.lengths if sequences.ragged else None
        self._rates = embedder._noise_rates

    def batches(self, epoch):
        """Give the batches of an epoch, arrays of row numbers."""
        return shuffled_batches(self._training, self._embedder.batch_size, self._seed, epoch, self._lengths)

    def load(self, rows):
        """Give the sequences of a batch, their lengths and their row numbers."""
        return (*self._sequences.take(rows), rows)

    def train_batch(self, arrays, seed):
        """Update the weights once."""
        embedder = self._embedder
        return self.network.train_batch(*arrays, self._rates, embedder.clip_value, embedder.weight_decay, seed)

    def validate(self):
        """Give the losses of the sequences that are held out."""
        return self._embedder._validate(self.network, self._sequences, self._validation)
