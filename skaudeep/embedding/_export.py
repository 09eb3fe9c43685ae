"""A fitted autoencoder as models of stock Keras layers, for use without skaudeep."""

import keras


def to_keras(config, weights):
    """Build the encoder and the autoencoder of a time-recurrent network.

    Parameters
    ----------
    config : TimeConfig
        Architecture.
    weights : dict of str to ndarray
        Weights by name.

    Returns
    -------
    encoder, autoencoder : keras.Model
        From (n, T, F) to (n, embedding_dim) and to (n, T, F); sequences of a batch have equal lengths.
    """
    x = keras.Input((None, config.n_features), name="sequence")
    encoder = _Stacks(config, "encoder")
    states = [encoder(direction, x)[1] for direction in config.encoder_directions]
    vector = _join([s for cells in zip(*states, strict=True) for cell in cells for s in _original_order(cell)])
    z = keras.layers.Dense(config.embedding_dim, activation="tanh", name="representation")(vector)

    target = keras.ops.flip(x, axis=1)
    expected = keras.ops.concatenate([keras.ops.zeros_like(target[:, :1]), target[:, :-1]], axis=1)
    decoder = _Stacks(config, "decoder")
    initial = _split_state(config, z)
    outputs = [
        decoder(direction, expected, states)[0]
        for direction, states in zip(config.decoder_directions, initial, strict=True)
    ]
    output = _join(outputs)
    if not config.bidirectional_decoder:
        output = keras.layers.Dense(config.n_features, activation="tanh", name="feedback")(output)
    reconstruction = keras.layers.Dense(config.n_features, activation="tanh", name="reconstruction")(output)
    autoencoder = keras.Model(x, keras.ops.flip(reconstruction, axis=1), name="autoencoder")
    for layer in autoencoder.layers:
        values = [weights[f"{layer.name}.{w.name}"] for w in layer.weights]
        if values:
            layer.set_weights(values)
    return keras.Model(x, z, name="encoder"), autoencoder


class _Stacks:
    """The recurrent layers of the encoder or of the decoder."""

    def __init__(self, config, part):
        self.config = config
        self.part = part

    def __call__(self, direction, x, initial=None):
        """Run one direction; gives its outputs, in the order of the input, and the final states by layer."""
        states = []
        for layer in range(self.config.n_layers):
            # only the first layer turns the sequence round: the others read what comes out, already turned
            recurrent = self._layer(f"{self.part}.{direction}.{layer}", layer == 0 and direction == "backward")
            x, *final = recurrent(x, initial_state=None if initial is None else list(initial[layer]))
            states.append(final)
        return (keras.ops.flip(x, axis=1) if direction == "backward" else x), states

    def _layer(self, name, go_backwards):
        common = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards, "name": name}
        if self.config.cell == "lstm":
            return keras.layers.LSTM(self.config.n_units, **common)
        return keras.layers.GRU(self.config.n_units, reset_after=self.config.reset_after, **common)


def _original_order(cell):
    """Keras has the LSTM's states as (h, c), a state vector as (c, h)."""
    return cell[::-1]


def _split_state(config, z):
    n_directions = len(config.decoder_directions)
    n_states = 2 if config.cell == "lstm" else 1
    pieces = keras.ops.split(z, config.n_layers * n_directions * n_states, axis=-1)
    cells = [_original_order(pieces[i : i + n_states]) for i in range(0, len(pieces), n_states)]
    return [cells[direction::n_directions] for direction in range(n_directions)]


def _join(tensors):
    return tensors[0] if len(tensors) == 1 else keras.ops.concatenate(tensors, axis=-1)
