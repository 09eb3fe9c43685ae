"""Checkpoints of the original: its own files, and made-up ones whose networks NumPy computes anew."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

import skaudeep
from skaudeep.embedding.audeep import read_audeep

EMBEDDERS = {
    "t-rae": skaudeep.Seq2SeqAutoencoderEmbedder,
    "f-rae": skaudeep.FrequencyAutoencoderEmbedder,
    "ft-rae": skaudeep.FrequencyTimeAutoencoderEmbedder,
}


def write_checkpoint(path, variables):
    """Write variables as the original does, and give the path."""
    import tensorflow as tf

    path.parent.mkdir(parents=True, exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(variables),
        shape_and_slices=[""] * len(variables),
        tensors=[tf.constant(value) for value in variables.values()],
    )
    return path


def as_the_original_has_it(kind, X):
    """Sequences, (n, T, F), as time-major targets: in the order in which they are decoded."""
    target = X.transpose(1, 0, 2)
    if kind != "f-rae":
        target = target[::-1]
    return target if kind == "t-rae" else target[:, :, ::-1]


# --- the original's own files ---


class Golden:
    """A trained network of the original, its input, and what it made of it."""

    def __init__(self, shared, name, kind):
        from skaudeep.io import read_netcdf

        self.kind, self.folder = kind, shared / "reference/models" / name
        self.X = read_netcdf(shared / "reference/datasets/esc20-mel128.nc")["features"].values
        self.representations = read_netcdf(self.folder / "representation.nc")["features"].values
        self.reference = dict(np.load(self.folder / "reference.npz"))
        self.embedder = self.read()

    def read(self, **parameters):
        return EMBEDDERS[self.kind].from_audeep(self.folder, **parameters)


@pytest.fixture(scope="module", params=["t-rae-gru", "f-rae-gru", "ft-rae-gru"])
def golden(shared, request):
    """A trained network of the original, read anew."""
    kinds = {"t-rae-gru": "t-rae", "f-rae-gru": "f-rae", "ft-rae-gru": "ft-rae"}
    return Golden(shared, request.param, kinds[request.param])


class TestGoldenFiles:
    def test_parameters(self, golden):
        sizes = {"n_layers": 1, "n_units": 32}
        if golden.kind == "ft-rae":
            sizes = {"frequency_n_layers": 1, "frequency_n_units": 16, "time_n_layers": 2, "time_n_units": 32}
        windows = {} if golden.kind == "t-rae" else {"window_width": 32, "window_overlap": 24}
        expected = {"cell": "gru", "reset_after": False, "mask_silence": False, **sizes, **windows}
        parameters = golden.embedder.get_params()
        assert {name: parameters[name] for name in expected} == expected
        assert not any(value for name, value in parameters.items() if "bidirectional" in name)
        assert golden.embedder.n_features_in_ == 128

    def test_representation(self, golden):
        z = golden.embedder.transform(golden.X)
        np.testing.assert_allclose(z, golden.representations, atol=1e-5)
        for name in ("rep_fp0", "rep_fp1"):
            np.testing.assert_allclose(z[:8], golden.reference[name], atol=1e-5)

    @pytest.mark.parametrize("free_running", [False, True])
    def test_reconstruction(self, golden, free_running):
        X, reference = golden.X[:8], golden.reference
        reconstruction = golden.embedder.reconstruct(X, free_running=free_running)
        theirs = as_the_original_has_it(golden.kind, reconstruction)
        np.testing.assert_allclose(theirs, reference[f"reconstruction_fp{free_running:d}"], atol=1e-5)
        loss = np.sqrt(np.mean(np.square(reconstruction - X)))
        assert loss == pytest.approx(float(reference[f"loss_fp{free_running:d}"]), abs=1e-5)

    def test_loss(self, golden):
        assert -golden.embedder.score(golden.X[:8]) == pytest.approx(float(golden.reference["loss_fp0"]), abs=1e-5)

    def test_a_training_step(self, golden, tmp_path):
        """Gradients through time, clipping and Adam, from the original's moments to the original's."""
        X, reference = golden.X[:8], golden.reference
        embedder = golden.read(dropout=0.0, batch_size=8).partial_fit(X)
        assert embedder.loss_ == pytest.approx(float(reference["loss_fp0"]), abs=1e-5)
        assert -embedder.score(X) == pytest.approx(float(reference["loss_after1step"]), abs=1e-5)
        prefix, after = "after1step/", tmp_path / "model-13"
        variables = {name[len(prefix) :]: value for name, value in reference.items() if name.startswith(prefix)}
        _, weights, optimizer, n_steps = read_audeep(EMBEDDERS[golden.kind], write_checkpoint(after, variables))
        assert n_steps == 13 and embedder.weights_.keys() == weights.keys()
        for name, expected in weights.items():
            np.testing.assert_allclose(embedder.weights_[name], expected, atol=1e-5, err_msg=name)
        moments = embedder._training_state.optimizer
        assert moments.keys() == optimizer.keys() and moments["iteration"] == 13
        for name, expected in optimizer.items():
            tolerance = 1e-4 * np.abs(expected).max()  # some moments are all below 1e-5
            np.testing.assert_allclose(moments[name], expected, atol=tolerance, err_msg=name)

    def test_loss_of_training_with_the_own_outputs_of_decoders(self, golden):
        names = [name for name in golden.embedder.get_params() if name.endswith("feed_previous_prob")]
        embedder = golden.read(dropout=0.0, batch_size=8, **dict.fromkeys(names, 1.0)).partial_fit(golden.X[:8])
        assert embedder.loss_ == pytest.approx(float(golden.reference["loss_fp1"]), abs=1e-5)

    def test_training_goes_on(self, golden):
        X = golden.X[:8]
        embedder = golden.read(dropout=0.0, batch_size=4)
        losses = [-embedder.score(X)]
        for _ in range(3):
            losses.append(-embedder.partial_fit(X).score(X))
        assert losses == sorted(losses, reverse=True) and losses[-1] < 0.97 * losses[0]

    def test_the_result_is_an_estimator_like_others(self, golden):
        X = golden.X[:2]
        expected = golden.embedder.reconstruct(X)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(golden.embedder)).reconstruct(X), expected)
        cloned = clone(golden.embedder)
        assert cloned.get_params() == golden.embedder.get_params() and not hasattr(cloned, "weights_")


# --- made-up checkpoints ---


# by name: kind, cell, stacks (inputs, layers, units, whether both ways), dense layers, and arguments of `Original`
MADE_UP = {
    "time, lstm": (
        "t-rae",
        "lstm",
        {"encoder": (5, 2, 3, False), "decoder": (5, 2, 3, False)},
        {"representation": (12, 12), "reconstruction/time_dist_linear": (5, 5)},
        {},
    ),
    "time, lstm, both ways": (
        "t-rae",
        "lstm",
        {"encoder": (5, 2, 3, True), "decoder": (5, 2, 3, True)},
        {"representation": (24, 24), "reconstruction/time_dist_linear": (6, 5)},
        {},
    ),
    "time, gru, decoder both ways": (
        "t-rae",
        "gru",
        {"encoder": (5, 2, 3, False), "decoder": (5, 2, 3, True)},
        {"representation": (6, 12), "reconstruction/time_dist_linear": (6, 5)},
        {},
    ),
    "frequency, lstm, encoder both ways": (
        "f-rae",
        "lstm",
        {"encoder": (4, 2, 3, True), "decoder": (4, 2, 3, False)},
        {"representation": (24, 12), "reconstruction": (16, 11)},
        {"width": 4, "hop": 2},
    ),
    "frequency, gru, decoder both ways": (
        "f-rae",
        "gru",
        {"encoder": (4, 1, 3, False), "decoder": (4, 1, 3, True)},
        {"representation": (3, 6), "reconstruction": (32, 11)},
        {"width": 4, "hop": 2},
    ),
    "frequency-time, lstm, all both ways": (
        "ft-rae",
        "lstm",
        {
            "encoder_frequency": (4, 1, 2, True),
            "encoder_time": (8, 2, 3, True),
            "decoder_time": (8, 2, 3, True),
            "decoder_frequency": (4, 1, 2, True),
        },
        {"representation": (24, 24), "decoder_frequency_initial_state": (16, 8), "reconstruction": (32, 10)},
        {"width": 4, "hop": 2},
    ),
    "frequency-time, gru, some both ways": (
        "ft-rae",
        "gru",
        {
            "encoder_frequency": (4, 2, 2, True),
            "encoder_time": (8, 1, 3, False),
            "decoder_time": (8, 1, 3, False),
            "decoder_frequency": (4, 2, 2, False),
        },
        {"representation": (3, 3), "decoder_frequency_initial_state": (8, 4), "reconstruction": (16, 10)},
        {"width": 4, "hop": 2},
    ),
}


def draw_variables(kind, cell, stacks, denses):
    """Variables of a checkpoint of the original with random values."""
    rng, variables = np.random.default_rng(0), {}

    def add(scope, n_in, n_out, kernel):
        variables[f"model/{scope}/{kernel}"] = rng.uniform(-0.8, 0.8, (n_in, n_out)).astype(np.float32)
        variables[f"model/{scope}/bias"] = rng.uniform(-0.5, 0.5, n_out).astype(np.float32)

    for stack, (n_inputs, n_layers, n_units, both_ways) in stacks.items():
        feedback = stack.startswith("decoder") and not (kind == "t-rae" and both_ways)
        base = f"{stack}/rnn_output_and_state"
        for way in ("/fw", "/bw") if both_ways else ("",):
            scope = f"{base}{way}/rnn" if feedback or not way else f"{base}/bidirectional_rnn{way}"
            for layer in range(n_layers):
                n_rows = n_units + (n_units if layer else n_inputs)
                for matrix, n_gates in {"gru": {"/gates": 2, "/candidate": 1}, "lstm": {"": 4}}[cell].items():
                    where = f"{scope}/multi_rnn_cell/cell_{layer}/{cell}_cell{matrix}"
                    add(where, n_rows, n_gates * n_units, "kernel")
            if feedback:
                add(base + way, n_units, n_inputs, "weights")
    for scope, sizes in denses.items():
        add(f"{scope}/linear", *sizes, "weights")
    return variables


def with_adam(variables, n_steps):
    """The same with moments: twice the weights and their squares."""
    slots = {f"model/optimizer/{name}/Adam": 2 * value for name, value in variables.items()}
    slots |= {f"model/optimizer/{name}/Adam_1": value**2 for name, value in variables.items()}
    powers = {
        f"model/optimizer/beta{i}_power": np.float32(decay ** (n_steps + 1)) for i, decay in ((1, 0.9), (2, 0.999))
    }
    return variables | slots | powers


class Original:
    """The original's arithmetic, step by step, on the variables of a checkpoint."""

    def __init__(self, kind, variables, width=None, hop=None):
        self.kind, self.width, self.hop = kind, width, hop
        self.variables = {name: value.astype(float) for name, value in variables.items()}

    def represent(self, X):
        """Representations, (n, D); of single frames for a frequency network, (n, T, D)."""
        x = X.transpose(1, 0, 2)
        if self.kind == "t-rae":
            return self.dense("representation", self.encode("encoder", x))
        if self.kind == "f-rae":
            return self.dense("representation", self.frames("encoder", x)).transpose(1, 0, 2)
        return self.dense("representation", self.encode("encoder_time", self.frames("encoder_frequency", x)))

    def reconstruct(self, X, free_running=False):
        """Reconstructions, (T, n, F), with the target's order of steps and features."""
        x, z = X.transpose(1, 0, 2), self.represent(X)
        if self.kind == "t-rae":
            outputs = self.decode("decoder", z, x[::-1], free_running)
            return self.dense("reconstruction/time_dist_linear", outputs)
        windows = self.windows(x)[::-1]
        if self.kind == "f-rae":
            outputs = self.decode("decoder", z.transpose(1, 0, 2), windows, free_running)
        else:
            said = self.decode("decoder_time", z, self.frames("encoder_frequency", x)[::-1], free_running)
            state = self.dense("decoder_frequency_initial_state", said)
            outputs = self.decode("decoder_frequency", state, windows[:, ::-1, :, ::-1], free_running)
        return self.dense("reconstruction", np.concatenate(outputs, axis=-1))

    def windows(self, x):
        """(W, T, n, width)."""
        starts = range(0, x.shape[-1] - self.width + 1, self.hop)
        return np.stack([x[..., start : start + self.width] for start in starts])

    def frames(self, stack, x):
        """State vectors of all frames, (T, n, D)."""
        return self.encode(stack, self.windows(x))

    def dense(self, scope, x, end="/linear"):
        return np.tanh(x @ self.variables[f"model/{scope}{end}/weights"] + self.variables[f"model/{scope}{end}/bias"])

    def encode(self, stack, x):
        """State vector: by layer, forward then backward, for an LSTM c then h."""
        scopes = self.scopes(stack)
        zeros = [[np.zeros((*x.shape[1:-1], n))] * self.n_states(scopes[0]) for n in self.layer_sizes(scopes[0])]
        runs = [self.run(scope, x if i == 0 else x[::-1], zeros)[1] for i, scope in enumerate(scopes)]
        return np.concatenate(
            [tensor for cells in zip(*runs, strict=True) for cell in cells for tensor in cell], axis=-1
        )

    def decode(self, stack, state, target, free_running):
        """Outputs of a decoder, with the two quirks of those that can hear themselves."""
        scopes = self.scopes(stack)
        n_states, sizes = self.n_states(scopes[0]), self.layer_sizes(scopes[0])
        pieces = np.split(state, len(scopes) * n_states * len(sizes), axis=-1)
        cells = [pieces[i : i + n_states] for i in range(0, len(pieces), n_states)]
        initial = [cells[i :: len(scopes)] for i in range(len(scopes))]
        projections = [f"{stack}/rnn_output_and_state{way}" for way in (("/fw", "/bw") if len(scopes) == 2 else ("",))]
        expected = later(target)
        if f"model/{projections[0]}/weights" not in self.variables:
            forward, _ = self.run(scopes[0], expected, initial[0])
            backward, _ = self.run(scopes[1], expected[::-1], initial[1])
            return np.concatenate([forward, backward[::-1]], axis=-1)
        if free_running:
            return self.speak_alone(scopes[0], projections[0], initial[0], target)
        outputs = [
            self.dense(projection, self.run(scope, later(expected[:: 1 - 2 * i]), states)[0], end="")
            for i, (scope, projection, states) in enumerate(zip(scopes, projections, initial, strict=True))
        ]
        return np.concatenate(outputs, axis=-1)

    def speak_alone(self, scope, projection, states, target):
        said, outputs = np.zeros_like(target[0]), []
        for _ in target:
            output, states = self.run(scope, said[None], states)
            said = self.dense(projection, output[0], end="")
            outputs.append(said)
        return np.stack(outputs)

    def run(self, scope, inputs, states):
        """Outputs of the last layer at each step, and the final states of all layers."""
        outputs = []
        for x in inputs:
            new = []
            for layer, cell_states in enumerate(states):
                new.append(self.cell(f"{scope}/multi_rnn_cell/cell_{layer}", x, cell_states))
                x = new[-1][-1]
            states = new
            outputs.append(x)
        return np.stack(outputs), states

    def cell(self, scope, x, states):
        def affine(name, *inputs):
            kernel, bias = (self.variables[f"{scope}/{name}/{variable}"] for variable in ("kernel", "bias"))
            return np.concatenate(inputs, axis=-1) @ kernel + bias

        h = states[-1]
        if len(states) == 1:
            r, u = np.split(sigmoid(affine("gru_cell/gates", x, h)), 2, axis=-1)
            return [u * h + (1 - u) * np.tanh(affine("gru_cell/candidate", x, r * h))]
        i, j, f, o = np.split(affine("lstm_cell", x, h), 4, axis=-1)
        c = sigmoid(f + 1) * states[0] + sigmoid(i) * np.tanh(j)
        return [c, sigmoid(o) * np.tanh(c)]

    def scopes(self, stack):
        """Of the directions, forward first."""
        layers = [name for name in self.variables if name.startswith(f"model/{stack}/") and "/multi_rnn_cell" in name]
        return sorted({name.partition("/multi_rnn_cell")[0] for name in layers}, reverse=True)

    def n_states(self, scope):
        return 2 if f"{scope}/multi_rnn_cell/cell_0/lstm_cell/bias" in self.variables else 1

    def layer_sizes(self, scope):
        cell, n_gates = ("lstm_cell", 4) if self.n_states(scope) == 2 else ("gru_cell/candidate", 1)
        names = [f"{scope}/multi_rnn_cell/cell_{layer}/{cell}/bias" for layer in range(3)]
        return [self.variables[name].size // n_gates for name in names if name in self.variables]


def later(x):
    """A sequence one step later, with zeros before it."""
    return np.concatenate([np.zeros_like(x[:1]), x[:-1]])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture(scope="module", params=MADE_UP)
def made_up(request, tmp_path_factory):
    """An embedder read from a made-up checkpoint, the original's arithmetic on the same variables, and its stacks."""
    kind, cell, stacks, denses, windows = MADE_UP[request.param]
    variables = draw_variables(kind, cell, stacks, denses)
    folder = tmp_path_factory.mktemp("run")
    write_checkpoint(folder / "logs/model-7", with_adam(variables, 7))
    return EMBEDDERS[kind].from_audeep(folder), Original(kind, variables, **windows), stacks


class TestMadeUpCheckpoints:
    @pytest.fixture
    def X(self, made_up, rng):
        return rng.uniform(-1, 1, (3, 6, made_up[0].n_features_in_)).astype(np.float32)

    def test_parameters(self, made_up):
        embedder, original, stacks = made_up
        parameters = embedder.get_params()
        for stack, (n_inputs, n_layers, n_units, both_ways) in stacks.items():
            part, _, axis = stack.partition("_")
            axis += "_" * bool(axis)
            assert (parameters[f"{axis}n_layers"], parameters[f"{axis}n_units"]) == (n_layers, n_units)
            assert parameters[f"{axis}bidirectional_{part}"] is both_ways
            if axis != "time_":
                assert n_inputs == (embedder.n_features_in_ if original.kind == "t-rae" else parameters["window_width"])
        assert original.kind == "t-rae" or parameters["window_overlap"] == original.width - original.hop
        hears_itself = original.kind != "t-rae" or not parameters["bidirectional_decoder"]
        assert embedder._config.audeep_decoder is hears_itself and embedder.reset_after is False

    def test_representation(self, made_up, X):
        embedder, original, _ = made_up
        np.testing.assert_allclose(embedder.transform(X), original.represent(X), atol=1e-5)

    def test_reconstruction(self, made_up, X):
        embedder, original, _ = made_up
        reconstruction = as_the_original_has_it(original.kind, embedder.reconstruct(X))
        np.testing.assert_allclose(reconstruction, original.reconstruct(X), atol=1e-5)

    def test_free_running_reconstruction(self, made_up, X):
        embedder, original, _ = made_up
        if any(value for name, value in embedder.get_params().items() if "bidirectional_decoder" in name):
            with pytest.raises(ValueError, match="unidirectional"):
                embedder.reconstruct(X, free_running=True)
            return
        theirs = original.reconstruct(X, free_running=True)
        reconstruction = embedder.reconstruct(X, free_running=True)
        np.testing.assert_allclose(as_the_original_has_it(original.kind, reconstruction), theirs, atol=1e-5)

    def test_moments_lie_like_the_weights(self, made_up):
        embedder, *_ = made_up
        state = embedder._training_state
        assert state.n_steps == 7 and state.optimizer["iteration"] == 7
        assert len(state.optimizer) == 1 + 2 * len(state.weights)
        for name, weight in state.weights.items():
            weight = weight.copy()
            recurrent = state.weights.get(name.replace("bias", "recurrent_kernel"))
            if embedder.cell == "lstm" and name.endswith("bias") and recurrent is not None:
                weight[len(recurrent) : 2 * len(recurrent)] -= 1  # the original adds this one in every step
            (momentum,) = [value for key, value in state.optimizer.items() if key.endswith(f"_{name}_momentum")]
            (velocity,) = [value for key, value in state.optimizer.items() if key.endswith(f"_{name}_velocity")]
            np.testing.assert_allclose(momentum, 2 * weight, atol=1e-6, err_msg=name)
            np.testing.assert_allclose(velocity, weight**2, atol=1e-6, err_msg=name)


# --- files ---


@pytest.fixture(scope="module")
def variables():
    """Variables of a small time-recurrent autoencoder."""
    kind, cell, stacks, denses, _ = MADE_UP["time, gru, decoder both ways"]
    return draw_variables(kind, cell, stacks, denses)


@pytest.fixture
def run(variables, tmp_path):
    """A run with checkpoints at steps 9, 12 and 3, written in this order."""
    folder = tmp_path / "run [é*] %s"
    for step in (9, 12, 3):
        write_checkpoint(folder / f"logs/model-{step}", with_adam(variables, step))
    return folder


def read(*args, **kwargs):
    return read_audeep(EMBEDDERS["t-rae"], *args, **kwargs)


class TestFiles:
    def test_folders_and_prefixes(self, run, monkeypatch):
        expected = read(run)
        assert expected[-1] == 12  # and not 9, which is the last by name
        prefix = run / "logs/model-12"
        for path in (str(run), run / "logs", prefix, str(prefix), f"{prefix}.index"):
            config, weights, optimizer, n_steps = read(path)
            assert (config, n_steps) == (expected[0], 12)
            for mine, theirs in ((weights, expected[1]), (optimizer, expected[2])):
                np.testing.assert_equal(mine, theirs)
        monkeypatch.chdir(run)
        assert read(".")[-1] == read("logs", step=12)[-1] == read("logs/model-12")[-1] == 12

    def test_steps(self, run):
        assert (
            read(run, step=9)[-1]
            == read(run / "logs/model-9")[-1]
            == read(run, np.int64(9))[-1]
            == read(run, 9.0)[-1]
            == 9
        )
        for step in (10, -1):
            with pytest.raises(ValueError, match=f"step={step!r}.*the steps there are 3, 9, 12"):
                read(run, step=step)
        with pytest.raises(ValueError, match="step=3.*is the checkpoint of step 9"):
            read(run / "logs/model-9", step=3)
        with pytest.raises(ValueError, match="step=10.*the steps there are 3, 9, 12"):
            read(run / "logs/model-10")

    def test_nothing_there(self, tmp_path):
        for path in (tmp_path / "nowhere", tmp_path / "nowhere/logs/model-12", tmp_path / "nowhere/model-x"):
            with pytest.raises(FileNotFoundError, match=f"{path.name}.*give the folder of a run"):
                read(path)
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs/checkpoint").write_text('model_checkpoint_path: "model-12"')
        for path in (tmp_path, tmp_path / "logs", tmp_path / "logs/model-12"):
            with pytest.raises(FileNotFoundError, match="no checkpoint of the original in .*logs"):
                read(path)

    @pytest.mark.parametrize("missing", ["index", "data-00000-of-00001"])
    def test_an_incomplete_newest_checkpoint_is_an_error(self, run, missing):
        (run / f"logs/model-12.{missing}").unlink()
        for path in (run, run / "logs/model-12"):
            with pytest.raises(FileNotFoundError, match=rf"model-12' is incomplete: model-12\.{missing} is missing"):
                read(path)
        assert read(run, step=9)[-1] == 9

    def test_data_in_several_files(self, run, variables, tmp_path):
        import tensorflow as tf

        whole, folder, names = with_adam(variables, 12), tmp_path / "other/logs", list(with_adam(variables, 12))
        parts = [
            write_checkpoint(tmp_path / f"part{i}", {name: whole[name] for name in part})
            for i, part in enumerate((names[::2], names[1::2]))
        ]
        folder.mkdir(parents=True)
        tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=[str(part) for part in parts], destination_prefix=str(folder / "model-12")
        )
        np.testing.assert_equal(read(folder)[1], read(run)[1])
        (folder / "model-12.data-00001-of-00002").unlink()
        with pytest.raises(FileNotFoundError, match="data-00001-of-00002 is missing"):
            read(folder)

    def test_every_damaged_byte_is_found(self, run, rng):
        prefix = run / "logs/model-12"
        for ending in ("index", "data-00000-of-00001"):
            path = prefix.with_name(f"model-12.{ending}")
            content = path.read_bytes()
            # past the last 48 bytes of the index, some of which say nothing
            for position in rng.integers(len(content) - 48, size=20):
                damaged = bytearray(content)
                damaged[position] ^= 1 << rng.integers(8)
                path.write_bytes(bytes(damaged))
                with pytest.raises(ValueError, match="model-12' cannot be read: .*damaged"):
                    read(prefix)
            for length in (0, 1, len(content) // 2, len(content) - 1):
                path.write_bytes(content[:length])
                with pytest.raises(ValueError, match="model-12' cannot be read: .*damaged"):
                    read(prefix)
            path.write_text("step,loss\n12,0.5\n" * 100)
            with pytest.raises(ValueError, match="model-12' cannot be read: .*damaged"):
                read(prefix)
            path.write_bytes(content)
        assert read(prefix)[-1] == 12

    def test_other_kinds_and_other_things(self, tmp_path):
        import tensorflow as tf

        for name in MADE_UP:
            kind, cell, stacks, denses, _ = MADE_UP[name]
            path = write_checkpoint(tmp_path / "run/model-3", draw_variables(kind, cell, stacks, denses))
            for other, embedder in EMBEDDERS.items():
                if other != kind:
                    message = f"model-3' is a {kind}: use {EMBEDDERS[kind].__name__}.from_audeep"
                    with pytest.raises(ValueError, match=message):
                        embedder.from_audeep(path)
        write_checkpoint(tmp_path / "mlp/model-3", {"model/mlp/layer_0/weights": np.ones((2, 3), np.float32)})
        tf.train.Checkpoint(variable=tf.Variable([1.0])).write(str(tmp_path / "keras/model-3"))
        for folder in ("mlp", "keras"):
            with pytest.raises(ValueError, match="model-3' is not one of the original's autoencoders"):
                read(tmp_path / folder)


# --- variables that do not fit each other ---


ENCODER = "model/encoder/rnn_output_and_state/rnn/multi_rnn_cell/cell_"
DECODER = "model/decoder/rnn_output_and_state/bidirectional_rnn"


class TestInconsistentVariables:
    def refuse(self, tmp_path, variables, message, **kwargs):
        with pytest.raises(ValueError, match=message):
            read(write_checkpoint(tmp_path / "model-1", variables), **kwargs)

    def test_missing(self, variables, tmp_path):
        for name in variables:
            others = {key: value for key, value in variables.items() if key != name}
            self.refuse(tmp_path, others, "model-1'.*no variable for")

    def test_missing_layers_and_directions(self, variables, tmp_path):
        for gone in (
            f"{ENCODER}0",
            f"{ENCODER}1",
            f"{DECODER}/fw",
            f"{DECODER}/bw",
            f"{DECODER}/bw/multi_rnn_cell/cell_1",
        ):
            others = {key: value for key, value in variables.items() if not key.startswith(gone)}
            self.refuse(tmp_path, others, "model-1'.*(no variable for|has shape|does not belong)")

    def test_unknown(self, variables, tmp_path):
        for name in ("model/extra", f"{ENCODER}0/gru_cell/gates/scale", f"{ENCODER}7/gru_cell/gates/bias"):
            self.refuse(tmp_path, variables | {name: np.ones(6, np.float32)}, f"model-1'.*{name}.*belong")
        twice = {name.replace("/rnn/", "/"): value for name, value in variables.items() if "encoder" in name}
        self.refuse(tmp_path, variables | twice, "are one variable")
        cells = {f"{ENCODER}2/lstm_cell/bias": np.ones(12, np.float32)}
        self.refuse(tmp_path, variables | cells, r"cells of 2 kinds \(gru, lstm\)")

    def test_shapes_and_values(self, variables, tmp_path):
        for name, value in variables.items():
            self.refuse(tmp_path, variables | {name: np.concatenate([value, value])}, "model-1'.*(has shape|belong)")
            self.refuse(tmp_path, variables | {name: value.sum()}, "model-1'.*(has shape|the shape it must have)")
            self.refuse(tmp_path, variables | {name: value.astype(float)}, f"{name} is of type float64")
            self.refuse(tmp_path, variables | {name: np.full_like(value, np.nan)}, f"{name} has values .* not finite")

    def test_moments(self, variables, tmp_path):
        whole = with_adam(variables, 1)
        for name in whole.keys() - variables.keys():
            others = {key: value for key, value in whole.items() if key != name}
            if name.endswith("power"):
                self.refuse(tmp_path, whole | {name: np.ones(2, np.float32)}, rf"{name} has shape \(2,\), not \(\)")
                assert read(write_checkpoint(tmp_path / "model-1", others))[-1] == 1
            else:
                self.refuse(tmp_path, others, f"incomplete: {name!r} is missing among the states of Adam")
                self.refuse(tmp_path, whole | {name: whole[name][..., 1:]}, f"{name!r} has not the shape")
        name = f"model/optimizer/{ENCODER}0/gru_cell/gates/bias/Momentum"
        self.refuse(tmp_path, whole | {name: np.ones(6, np.float32)}, f"{name!r}, which belongs to no weight")


class TestSteps:
    @pytest.mark.parametrize("n_steps", [0, 1, 12, 500, 820, 5000, 80000])
    def test_from_the_powers_of_adam(self, variables, tmp_path, n_steps):
        powers = np.array([0.9, 0.999], np.float32)
        for _ in range(n_steps):
            powers *= np.array([0.9, 0.999], np.float32)
        names = ("model/optimizer/beta1_power", "model/optimizer/beta2_power")
        whole = with_adam(variables, 0) | dict(zip(names, powers, strict=True))
        _, _, optimizer, found = read(write_checkpoint(tmp_path / "model-4", whole))
        assert found == optimizer["iteration"] == pytest.approx(n_steps, abs=n_steps // 10000)

    def test_from_the_name_when_they_are_zero(self, variables, tmp_path):
        zeros = {f"model/optimizer/beta{i}_power": np.float32(0) for i in (1, 2)}
        whole = with_adam(variables, 0) | zeros
        _, _, optimizer, n_steps = read(write_checkpoint(tmp_path / "model-200000", whole))
        assert n_steps == optimizer["iteration"] == 200000

    def test_weights_alone(self, variables, tmp_path, rng):
        path = write_checkpoint(tmp_path / "model-4", variables)
        assert read(path)[2:] == (None, 4)
        embedder = skaudeep.Seq2SeqAutoencoderEmbedder.from_audeep(path, dropout=0.0)
        before = embedder.weights_["encoder.forward.0.kernel"]
        embedder.partial_fit(rng.uniform(-1, 1, (4, 3, 5)))
        change = embedder.weights_["encoder.forward.0.kernel"] - before
        # the first step of a new Adam is as long as the learning rate
        np.testing.assert_allclose(np.abs(change), 1e-3, rtol=0.05)


class TestWindowOverlap:
    """The number of windows need not tell by how much they overlap."""

    def checkpoint(self, tmp_path, n_windows, n_features):
        denses = {"representation": (3, 3), "reconstruction": (4 * n_windows, n_features)}
        stacks = {"encoder": (4, 1, 3, False), "decoder": (4, 1, 3, False)}
        variables = draw_variables("f-rae", "gru", stacks, denses)
        return write_checkpoint(tmp_path / f"model-{n_features}", variables)

    def test_the_only_one(self, tmp_path):
        path = self.checkpoint(tmp_path, 4, 11)
        for overlap in (None, 2):
            assert read_audeep(EMBEDDERS["f-rae"], path, window_overlap=overlap)[0].window_overlap == 2
        for overlap in (1, 3, 4, -1):
            with pytest.raises(ValueError, match=f"window_overlap={overlap} contradicts .* overlap by 2"):
                read_audeep(EMBEDDERS["f-rae"], path, window_overlap=overlap)

    def test_several(self, tmp_path):
        path = self.checkpoint(tmp_path, 2, 8)  # [0:4] with [2:6], [3:7] or [4:8]
        with pytest.raises(ValueError, match="may overlap by 0, 1: give window_overlap, as"):
            read_audeep(EMBEDDERS["f-rae"], path)
        for overlap in (0, 1):
            config, _, _, _ = read_audeep(EMBEDDERS["f-rae"], path, window_overlap=overlap)
            assert config.window_overlap == overlap and len(config.window_starts) == 2

    def test_one_window(self, tmp_path):
        path = self.checkpoint(tmp_path, 1, 4)
        assert read_audeep(EMBEDDERS["f-rae"], path)[0].window_overlap == 0
        assert read_audeep(EMBEDDERS["f-rae"], path, window_overlap=3)[0].window_overlap == 3

    def test_none(self, tmp_path):
        for n_windows, n_features in ((5, 11), (1, 3)):
            path = self.checkpoint(tmp_path, n_windows, n_features)
            with pytest.raises(ValueError, match=f"windows of 4 of {n_features} features"):
                read_audeep(EMBEDDERS["f-rae"], path)


def test_a_checkpoint_of_ours_is_not_mistaken_for_that_of_a_fresh_fit(shared, tmp_path):
    """Training from the original's weights, and afresh with the same parameters and data, are kept apart."""
    X = np.random.default_rng(0).uniform(-1, 1, (4, 3, 128)).astype(np.float32)
    run = shared / "reference/models/t-rae-gru"
    common = {"checkpoint_dir": tmp_path, "max_epochs": 1, "warm_start": True, "mask_silence": True}
    read = skaudeep.Seq2SeqAutoencoderEmbedder.from_audeep(run, **common)
    before = {name: weight.copy() for name, weight in read.weights_.items()}
    clone(read).set_params(warm_start=False).fit(X)
    read.fit(X)
    assert read._config.mask_silence and read.n_iter_ == 1
    assert all(np.abs(weight - before[name]).max() < 0.01 for name, weight in read.weights_.items())


class TestParameters:
    RUN = "reference/models/t-rae-gru"

    def test_the_seed_of_further_training(self, shared):
        X = np.random.default_rng(0).uniform(-1, 1, (4, 3, 128)).astype(np.float32)

        def trained(random_state):
            read = skaudeep.Seq2SeqAutoencoderEmbedder.from_audeep(shared / self.RUN, random_state=random_state)
            return read.partial_fit(X).weights_["representation.kernel"]

        np.testing.assert_array_equal(trained(1), trained(1))
        assert (trained(1) != trained(2)).any()

    @pytest.mark.parametrize("parameter", [{"output": "wrong"}, {"dropout": "much"}, {"statistics": ["wrong"]}])
    def test_wrong_values(self, shared, parameter):
        with pytest.raises(ValueError, match=next(iter(parameter))):
            skaudeep.Seq2SeqAutoencoderEmbedder.from_audeep(shared / self.RUN, **parameter)

    @pytest.mark.parametrize(("argument", "value"), [("run_dir", None), ("step", [12]), ("step", "9")])
    def test_wrong_types(self, shared, argument, value):
        with pytest.raises(TypeError, match=f"{argument}="):
            skaudeep.Seq2SeqAutoencoderEmbedder.from_audeep(**({"run_dir": shared / self.RUN} | {argument: value}))
