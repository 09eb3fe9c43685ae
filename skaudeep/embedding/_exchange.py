"""Fitted embedders from files and elsewhere, and into them."""

import dataclasses
import os

from skaudeep._engine import start_tensorflow
from skaudeep._persistence import load, save
from skaudeep._training import TrainingState
from skaudeep._validation import StrOptions, check_is_fitted, draw_seed, validate_params
from skaudeep.embedding._pooling import COVARIANCE
from skaudeep.exceptions import ParameterError


class ExchangeMixin:
    """Methods of an embedder by which its network enters and leaves."""

    @validate_params({"output": [StrOptions({"bottleneck", "states", "frames"})]}, prefer_skip_nested_validation=True)
    def to_keras(self, output="bottleneck"):
        """Rebuild the fitted network from stock Keras layers.

        Parameters
        ----------
        output : {"bottleneck", "states", "frames"}, default="bottleneck"
            What the encoder gives, whatever the embedder's parameter of this name is. For "states", `statistics` and
            `n_bands` are those of the embedder; "covariance" is not to be had in Keras.

        Returns
        -------
        encoder : keras.Model
            From (n, T, F) to what `transform` gives for that output: the representation, (n, embedding_dim), or
            (n, T, embedding_dim) for a `FrequencyAutoencoderEmbedder`; statistics of states, (n, D); or outputs of the
            last layer for each frame, (n, T, D), for a head that gives a value per frame. All sequences of a batch have
            one length, any; layers are shared with the autoencoder, called like the weights that they hold, and do
            without cuDNN, so that exports run anywhere.
        autoencoder : keras.Model or None
            From (n, T, F) to its reconstruction, as `reconstruct`; None for an embedder that reconstructs nothing, such
            as `ContrastiveEmbedder`.

        Notes
        -----
        An embedder of one's own is rebuilt by its config: one that derives from `EncoderConfig` as an `EncoderNetwork`
        encodes.
        """
        check_is_fitted(self)
        statistics = self._plain_statistics() if output == "states" else ()
        start_tensorflow()
        from skaudeep.embedding.networks import to_keras

        return to_keras(self._states_config, self.weights_, statistics, frames=output == "frames")

    def _plain_statistics(self):
        """Give the statistics of states, which must be some that Keras can compute."""
        self._check_parameters()
        if COVARIANCE in self.statistics:
            remedy = ": covariances are not to be had in Keras; use set_params(statistics=...) with others before"
            raise ParameterError("statistics", self.statistics, remedy)
        return tuple(self.statistics)

    @classmethod
    def from_audeep(cls, run_dir, step=None, **parameters):
        """Read a network that the original auDeep has trained.

        Parameters
        ----------
        run_dir : path-like
            Folder of the run, or its folder ``logs``, with files ``model-STEP.index``, or one of these without
            ``.index``.
        step : int, default=None
            The step whose checkpoint to read; None: the last one.
        **parameters
            Parameters of the embedder that a checkpoint does not hold, such as `dropout` and `learning_rate`. Of
            networks that are recurrent in frequency a few sizes leave open how far windows overlap; an error then
            lists the values that `window_overlap` may have.

        Returns
        -------
        embedder
            Fitted, with the architecture, weights and Adam's moments of the checkpoint; ``partial_fit`` or, with
            ``warm_start=True``, ``fit`` goes on with the training. Its decoder keeps the original's ways, so that
            reconstructions are the original's too.

        Raises
        ------
        FileNotFoundError
            If there is no such checkpoint.
        ValueError
            If it is damaged, or of something else.
        """
        from skaudeep.embedding.audeep import read_audeep

        overlap = parameters.get("window_overlap")
        config, weights, optimizer, n_steps = read_audeep(cls, run_dir, step, overlap)
        embedder = cls()
        config = dataclasses.replace(config, mask_silence=bool(parameters.get("mask_silence", False)))
        known = {name: value for name, value in vars(config).items() if name in embedder.get_params()}
        wrong = [name for name, value in parameters.items() if name in known and known[name] != value]
        if wrong:
            raise ValueError(f"{wrong[0]}={parameters[wrong[0]]!r}: the checkpoint says {known[wrong[0]]!r}")
        embedder.set_params(**(parameters | known))
        embedder._check_parameters()
        embedder._config = config
        embedder.n_features_in_ = config.n_features
        embedder._univariate = False
        embedder._store(TrainingState(weights, draw_seed(embedder.random_state), optimizer=optimizer, n_steps=n_steps))
        return embedder

    def save(self, path):
        """Write the fitted embedder to one file that holds no code, as `skaudeep.save`.

        Parameters
        ----------
        path : path-like
            The file; an earlier one is replaced atomically.
        """
        check_is_fitted(self)
        save(self, path)

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
        embedder = load(path)
        if not isinstance(embedder, cls):
            raise ValueError(
                f"{os.fspath(path)!r} holds a {type(embedder).__name__} and no {cls.__name__}: use skaudeep.load"
            )
        return embedder
