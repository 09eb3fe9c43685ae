"""Architectures as small frozen values: the keys of the pool of compiled networks."""

import dataclasses

from skaudeep._engine import start_tensorflow


@dataclasses.dataclass(frozen=True)
class TimeConfig:
    """Architecture of a time-recurrent autoencoder.

    Attributes
    ----------
    n_features, n_layers, n_units : int
        Features of a step, layers of encoder and of decoder, units of a layer.
    cell : {"gru", "lstm"}
        Recurrent cell.
    bidirectional_encoder, bidirectional_decoder, reset_after : bool
        As in the estimator.
    feed_previous, dropout, input_noise, mask_silence : bool
        Whether training uses them at all; how much is no matter of architecture.
    """

    n_features: int
    n_layers: int
    n_units: int
    cell: str
    bidirectional_encoder: bool
    bidirectional_decoder: bool
    reset_after: bool
    feed_previous: bool
    dropout: bool
    input_noise: bool
    mask_silence: bool

    @property
    def encoder_directions(self):
        """Names of the encoder's stacks."""
        return ("forward", "backward") if self.bidirectional_encoder else ("forward",)

    @property
    def decoder_directions(self):
        """Names of the decoder's stacks."""
        return ("forward", "backward") if self.bidirectional_decoder else ("forward",)

    @property
    def encoder_state_size(self):
        """Size of the encoder's state vector."""
        return self._state_size(self.encoder_directions)

    @property
    def embedding_dim(self):
        """Size of the representation, which is the decoder's initial state vector."""
        return self._state_size(self.decoder_directions)

    @property
    def n_encoder_outputs(self):
        """Number of outputs of all encoder layers in both directions."""
        return len(self.encoder_directions) * self.n_layers * self.n_units

    def differences(self, other):
        """Names of what differs in another config and decides which weights there are and what they do."""
        switches = ("feed_previous", "dropout", "input_noise", "mask_silence")  # may change from fit to fit
        names = [field.name for field in dataclasses.fields(self) if field.name not in switches]
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def _state_size(self, directions):
        return len(directions) * self.n_layers * self.n_units * (2 if self.cell == "lstm" else 1)

    def build(self):
        """Make the network; imports TensorFlow."""
        start_tensorflow()
        from skaudeep.embedding._network import TimeAutoencoder

        return TimeAutoencoder(self)

    def initial_weights(self, seed):
        """Draw initial weights, ``{name: ndarray}``; imports TensorFlow."""
        start_tensorflow()
        from skaudeep.embedding._network import initial_weights

        return initial_weights(self, seed)
