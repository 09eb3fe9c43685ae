"""The pool of networks, TensorFlow's silence, files of arrays."""

import gc
import os
import subprocess
import sys
import threading
import types
import weakref

import numpy as np
import pytest

from skaudeep import _engine
from skaudeep._engine import borrow, prefetch


class Config:
    """Counts the networks that are built from it."""

    def __init__(self):
        self.built = []


class Network:
    weights = None

    def load_weights_dict(self, weights):
        self.weights = weights


def build(config):
    network = Network()
    config.built.append(weakref.ref(network))
    return network


@pytest.fixture(autouse=True)
def empty_pool(monkeypatch):
    monkeypatch.setattr(_engine, "_idle", type(_engine._idle)())


class TestPool:
    def test_a_network_is_used_again(self):
        config = Config()
        with borrow(config, build) as first:
            pass
        with borrow(config, build, {"w": 1}) as second:
            assert second is first and second.weights == {"w": 1}
        assert len(config.built) == 1

    def test_what_builds_a_network_is_part_of_its_key(self):
        with borrow("config", lambda config: "one"):
            pass
        with borrow("config", lambda config: "other") as network:
            assert network == "other"

    def test_a_network_has_one_user(self):
        config = Config()
        with borrow(config, build) as first, borrow(config, build) as second:
            assert first is not second
        with borrow(config, build), borrow(config, build):
            assert len(config.built) == 2

    def test_threads_get_their_own(self):
        config, seen, barrier = Config(), [], threading.Barrier(4)

        def work():
            with borrow(config, build) as network:
                barrier.wait(timeout=10)
                seen.append(network)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(map(id, seen))) == 4

    def test_a_network_whose_user_failed_is_dropped(self):
        config = Config()
        with pytest.raises(KeyboardInterrupt), borrow(config, build):
            raise KeyboardInterrupt
        with borrow(config, build):
            assert len(config.built) == 2

    def test_the_longest_unused_are_let_go(self):
        configs = [Config() for _ in range(_engine.MAX_IDLE_NETWORKS + 3)]
        for config in configs:
            with borrow(config, build):
                pass
        with borrow(configs[0], build), borrow(configs[0], build):
            pass
        del config
        gc.collect()
        alive = [sum(network() is not None for network in config.built) for config in configs]
        assert alive[0] == 2 and sum(alive) == _engine.MAX_IDLE_NETWORKS
        assert alive[-1] == 1 and alive[1] == 0


class TestPrefetch:
    @pytest.mark.parametrize("n", [0, 1, 2, 7])
    def test_gives_everything_in_order(self, n):
        assert list(prefetch(lambda i: 10 * i, range(n))) == [10 * i for i in range(n)]

    def test_is_ahead_by_two_and_no_more(self):
        loaded, enough = [], threading.Event()

        def load(i):
            loaded.append(i)
            if i == 2:
                enough.set()
            return i

        batches = prefetch(load, range(10))
        assert next(batches) == 0
        assert enough.wait(timeout=10)
        assert max(loaded) == 2
        batches.close()
        assert max(loaded) == 2

    def test_errors_arrive_where_the_batch_is_used(self):
        def load(i):
            if i == 1:
                raise OSError("unreadable")
            return i

        batches = prefetch(load, range(5))
        assert next(batches) == 0
        with pytest.raises(OSError, match="unreadable"):
            next(batches)


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=True)


class TestStart:
    @pytest.mark.parametrize("inherited", [None, "3"])
    def test_tensorflow_starts_silently_and_other_messages_pass(self, inherited, monkeypatch):
        monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
        if inherited:
            monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", inherited)
        code = """
import os, threading
from skaudeep._engine import start_tensorflow
os.write(2, b"before\\n")
timer = threading.Timer(0.2, lambda: os.write(2, b"meanwhile\\n"))
timer.start()
start_tensorflow()
timer.join()
os.write(2, b"after\\n")
import tensorflow as tf
tf.zeros(3) + 1
"""
        done = run_python(code)
        assert done.stdout == ""
        assert done.stderr.split() == ["before", "meanwhile", "after"]

    def test_two_threads_may_start_it(self):
        code = """
import os, threading
from skaudeep._engine import start_tensorflow
before = os.fstat(2)
barrier = threading.Barrier(2)
def start():
    barrier.wait()
    start_tensorflow()
threads = [threading.Thread(target=start) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert os.path.samestat(before, os.fstat(2))
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
"""
        run_python(code)

    def test_a_level_set_by_the_user_stays(self):
        code = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "1"
from skaudeep._engine import start_tensorflow
start_tensorflow()
assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "1"
"""
        run_python(code)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
class TestFork:
    """In processes of their own, whose children are ended by an alarm if they wait for ever."""

    IN_CHILD = """
import os, signal, sys

def in_child(function, leave=sys.exit):
    sys.stdout.flush()
    child = os.fork()
    if not child:
        signal.alarm(100)
        try:
            print(function(), flush=True)
        except RuntimeError as error:
            print("RuntimeError", "is a fork of one in which TensorFlow ran already" in str(error), flush=True)
        leave(0)
    assert os.waitpid(child, 0)[1] == 0
"""

    def test_children_of_a_process_that_used_tensorflow(self):
        """What needs TensorFlow is an error at once, in every kind of child; all the rest works as in the parent."""
        code = """
import multiprocessing, pickle, tempfile, threading, warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import joblib
import numpy as np
import soundfile
import skaudeep
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf

warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
folder = Path(tempfile.mkdtemp())
waveforms = np.random.default_rng(0).uniform(-1, 1, (6, 4000))
files = [folder / f"{i}.wav" for i in range(6)]
for file, waveform in zip(files, waveforms):
    soundfile.write(file, waveform, 8000)
labels = ["dog", "rain"] * 3
transformer = skaudeep.SpectrogramTransformer(sample_rate=4000, n_mels=4, n_jobs=2)

def use_the_rest():
    spectrograms = transformer.fit_transform(files)
    features = skaudeep.StatisticsPooling().fit_transform(spectrograms)
    predicted = skaudeep.LiblinearClassifier(random_state=0).fit(features, labels).predict(features)
    write_netcdf(make_dataset(features, list(map(str, files))), folder / "file.nc")
    with read_netcdf(folder / "file.nc") as stored:
        return [spectrograms.tobytes(), stored.features.values.tobytes(), list(predicted)]

embedder = skaudeep.Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=1, random_state=0)
X = transformer.fit_transform(files)
embedder.fit(X)
embedder.save(folder / "model")
pickled, expected = pickle.dumps(embedder), use_the_rest()

def use_tensorflow(name):
    signal.alarm(100)
    try:
        {
            "fit": lambda: embedder.fit(X),
            "transform": lambda: embedder.transform(X),
            "to_keras": lambda: embedder.to_keras(),
            "unpickled": lambda: pickle.loads(pickled).transform(X),
            "loaded": lambda: skaudeep.load(folder / "model").transform(X),
            "other network": lambda: skaudeep.KerasMLPClassifier(max_epochs=1).fit(X[:, 0], labels),
        }[name]()
    except RuntimeError as error:
        return "is a fork of one in which TensorFlow ran already" in str(error)

names = ["fit", "transform", "to_keras", "unpickled", "loaded", "other network"]
in_child(lambda: ["os.fork", *map(use_tensorflow, names), use_the_rest() == expected])
thread = threading.Thread(target=lambda: in_child(lambda: ["thread", use_tensorflow("transform")], os._exit))
thread.start()
thread.join()
with multiprocessing.get_context("fork").Pool(1) as pool:
    print("Pool", pool.map(use_tensorflow, ["transform"]))
with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
    print("ProcessPoolExecutor", list(pool.map(use_tensorflow, ["transform"])))
parallel = joblib.Parallel(n_jobs=2, backend="multiprocessing")
print("joblib", parallel(joblib.delayed(use_tensorflow)(name) for name in ("fit", "transform")))
in_child(lambda: in_child(lambda: ["grandchild", use_tensorflow("transform")]))
print("parent", embedder.transform(X).shape)
"""
        done = run_python(self.IN_CHILD + code)
        assert done.stdout.splitlines() == [
            "['os.fork', True, True, True, True, True, True, True]",
            "['thread', True]",
            "Pool [True]",
            "ProcessPoolExecutor [True]",
            "joblib [True, True]",
            "['grandchild', True]",
            "None",
            "parent (6, 2)",
        ], done.stderr
        assert done.returncode == 0, done.stderr

    def test_a_fork_before_the_first_use(self):
        """TensorFlow, even if imported, starts in the child; skaudeep may be imported in the child only."""
        code = """
import tensorflow as tf
import numpy as np

X = np.random.default_rng(0).uniform(-1, 1, (4, 5, 3))

def embed():
    from skaudeep import Seq2SeqAutoencoderEmbedder
    return Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=1, random_state=0).fit(X).transform(X).shape

def embed_twice():
    print(embed())
    in_child(embed)

in_child(embed_twice)
tf.zeros(3) + 1
assert "skaudeep" not in sys.modules
in_child(embed)
print(embed())
"""
        done = run_python(self.IN_CHILD + code)
        said = [line for line in done.stdout.splitlines() if line != "None"]
        assert said == ["(4, 2)", "RuntimeError True", "RuntimeError True", "(4, 2)"], done.stderr
        assert done.returncode == 0, done.stderr

    def test_locks_that_other_threads_hold_are_new_in_a_child(self):
        """Where TensorFlow was being started meanwhile, it cannot be started in the child."""
        code = """
import threading
from skaudeep import _engine
from skaudeep._engine import borrow

def use():
    with borrow("config", lambda config: "a network") as network:
        return network

def fork_while(lock):
    with lock:
        thread = threading.Thread(target=in_child, args=[use, os._exit])
        thread.start()
        thread.join()

fork_while(_engine._lock)
fork_while(_engine._start_lock)
print(use())
"""
        done = run_python(self.IN_CHILD + code)
        assert done.stdout.splitlines() == ["a network", "RuntimeError True", "a network"], done.stderr


class TestThreads:
    """Settings can be seen in a process of their own only: TensorFlow takes none once it runs."""

    SETTINGS = """
def settings():
    from skaudeep._engine import start_tensorflow
    start_tensorflow()
    import tensorflow as tf
    threading = tf.config.threading
    return threading.get_inter_op_parallelism_threads(), threading.get_intra_op_parallelism_threads()
"""

    @pytest.fixture(autouse=True)
    def clean_environment(self, monkeypatch):
        for name in ("SKAUDEEP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)

    @pytest.mark.parametrize(("n_threads", "expected"), [(1, (1, 1)), (7, (2, 3))])
    def test_two_operations_share_the_cores(self, n_threads, expected):
        code = f"import skaudeep; skaudeep.set_threads({n_threads}); print(settings())"
        assert eval(run_python(self.SETTINGS + code).stdout) == expected

    def test_a_library_leaves_tensorflow_alone_until_asked_and_says_when_it_is_too_late(self):
        code = """
import skaudeep, tensorflow as tf
print(settings())
tf.zeros(3) + 1
try:
    skaudeep.set_threads(3)
except RuntimeError as error:
    assert "before the first use" in str(error), error
    print("too late")
"""
        assert run_python(self.SETTINGS + code).stdout.split("\n")[:2] == ["(0, 0)", "too late"]

    def test_tensorflow_may_be_imported_already(self):
        for imports in (
            "import skaudeep, tensorflow; skaudeep.set_threads(4)",
            "import skaudeep; skaudeep.set_threads(4); import tensorflow",
        ):
            assert eval(run_python(f"{self.SETTINGS}{imports}; print(settings())").stdout) == (2, 2)

    def test_the_environment_variable(self, monkeypatch):
        monkeypatch.setenv("SKAUDEEP_NUM_THREADS", "4")
        assert eval(run_python(self.SETTINGS + "print(settings())").stdout) == (2, 2)
        assert eval(run_python(self.SETTINGS + "import tensorflow; print(settings())").stdout) == (2, 2)

    def test_the_environment_variable_too_late(self, monkeypatch):
        monkeypatch.setenv("SKAUDEEP_NUM_THREADS", "4")
        code = """
import warnings, tensorflow as tf
tf.zeros(3) + 1
with warnings.catch_warnings(record=True) as caught:
    print(settings(), settings())
print(len(caught), "runs already" in str(caught[0].message))
"""
        assert run_python(self.SETTINGS + code).stdout.splitlines() == ["(0, 0) (0, 0)", "1 True"]

    @pytest.mark.parametrize("value", ["two", "0", "-1"])
    def test_a_senseless_environment_variable(self, monkeypatch, value):
        monkeypatch.setenv("SKAUDEEP_NUM_THREADS", value)
        for function in (_engine.start_tensorflow, _engine.claim_threads):
            monkeypatch.setattr(_engine._threads, "settled", False)
            with pytest.raises(ValueError, match=f"SKAUDEEP_NUM_THREADS is '{value}'"):
                function()

    @pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
    def test_senseless_numbers(self, value):
        with pytest.raises(ValueError, match="n_threads"):
            _engine.set_threads(value)

    def test_the_command_line_takes_all_cores_unless_told_otherwise(self, monkeypatch):
        asked = []
        monkeypatch.setattr(_engine, "set_threads", lambda: asked.append("all"))
        _engine.claim_threads()
        for name in ("SKAUDEEP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            with monkeypatch.context() as patch:
                patch.setenv(name, "1")
                _engine.claim_threads()
        assert asked == ["all"]

    @pytest.mark.parametrize("wanted", [None, "64"])
    def test_workers_of_a_search_share_the_cores(self, wanted, monkeypatch):
        """Two workers have at most as many threads as there are cores, whatever the process above them asks for."""
        if wanted:
            monkeypatch.setenv("SKAUDEEP_NUM_THREADS", wanted)
        code = """
import joblib
print(joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(settings)() for _ in range(2)))
print(joblib.cpu_count())
"""
        workers, n_cores = map(eval, run_python(self.SETTINGS + code).stdout.splitlines())
        share = max(n_cores // 2, 1)
        assert workers == [(min(2, share), max(1, share // 2))] * 2


def test_traced_graphs_are_let_go():
    """What custom gradients register with TensorFlow would keep the graphs of evicted networks."""
    from skaudeep import Seq2SeqAutoencoderEmbedder

    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=1, random_state=0)
    embedder.fit(np.zeros((2, 3, 1)))
    ((network,),) = _engine._idle.values()
    graphs = [weakref.ref(traced.graph) for traced in network._traced.values()]
    assert graphs and all(graph() is not None for graph in graphs)
    del network
    _engine._idle.clear()
    gc.collect()
    assert all(graph() is None for graph in graphs)


class TestBackend:
    @pytest.fixture(autouse=True)
    def no_tensorflow(self, monkeypatch):
        monkeypatch.setattr(_engine, "_import_tensorflow", lambda: None)

    @pytest.mark.parametrize("backend", ["jax", "torch", "openvino"])
    def test_another_one_of_the_environment(self, backend, monkeypatch):
        monkeypatch.delitem(sys.modules, "keras", raising=False)
        monkeypatch.setenv("KERAS_BACKEND", backend)
        with pytest.raises(RuntimeError, match=f"backend '{backend}'.*environment variable KERAS_BACKEND to 'tensorf"):
            _engine.start_tensorflow()
        assert "keras" not in sys.modules

    def test_keras_runs_already_on_another_one(self, monkeypatch):
        keras = types.SimpleNamespace(config=types.SimpleNamespace(backend=lambda: "torch"))
        monkeypatch.setitem(sys.modules, "keras", keras)
        monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # too late
        with pytest.raises(RuntimeError, match="backend 'torch'.*before Keras is imported"):
            _engine.start_tensorflow()

    def test_what_keras_asks_for_is_not_installed(self, monkeypatch):
        monkeypatch.delenv("KERAS_BACKEND", raising=False)
        monkeypatch.setitem(sys.modules, "keras", None)
        with pytest.raises(ImportError, match=r"Keras cannot be imported .*KERAS_BACKEND.*keras\.json"):
            _engine.start_tensorflow()

    def test_the_command_line_chooses(self, monkeypatch):
        monkeypatch.setenv("KERAS_BACKEND", "jax")
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, "keras", types.SimpleNamespace())
            _engine.claim_backend()
            assert os.environ["KERAS_BACKEND"] == "jax"
        monkeypatch.delitem(sys.modules, "keras", raising=False)
        _engine.claim_backend()
        assert os.environ["KERAS_BACKEND"] == "tensorflow"

    def test_every_use_of_keras_comes_by_here(self, monkeypatch):
        import skaudeep

        fitted = skaudeep.Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=0).fit(np.zeros((2, 3, 1)))
        fitted_mlp = skaudeep.KerasMLPRegressor(max_epochs=1).fit([[0.0], [1.0]], [0.0, 1.0])
        _engine._idle.clear()
        monkeypatch.delitem(sys.modules, "keras", raising=False)
        monkeypatch.setenv("KERAS_BACKEND", "jax")
        for use in (
            lambda: fitted.fit(np.zeros((2, 3, 1))),
            lambda: fitted.transform(np.zeros((2, 3, 1))),
            fitted.to_keras,
            lambda: fitted_mlp.fit([[0.0], [1.0]], [0.0, 1.0]),
        ):
            with pytest.raises(RuntimeError, match="KERAS_BACKEND"):
                use()
        assert fitted_mlp.predict([[0.0]]).shape == (1,)  # NumPy


class TestGlobalsOfKeras:
    """Networks are float32, and results are what they are, whatever a user has set."""

    @staticmethod
    def results():
        import skaudeep

        _engine._idle.clear()  # networks are built anew
        X = np.random.default_rng(0).uniform(-1, 1, (6, 4, 3)).astype(np.float32)
        embedder = skaudeep.Seq2SeqAutoencoderEmbedder(
            n_layers=1, n_units=3, batch_size=3, max_epochs=2, random_state=0
        ).fit(X)
        mlp = skaudeep.KerasMLPRegressor(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
        mlp.fit(X[:, 0], X[:, 1, 0])
        encoder, autoencoder = embedder.to_keras()
        return [
            *embedder.weights_.values(),
            *embedder._training_state.optimizer.values(),
            *mlp.coefs_,
            embedder.transform(X),
            embedder.reconstruct(X),
            np.asarray(encoder(X)),
            np.asarray(autoencoder(X)),
        ]

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls):
        return cls.results()

    @pytest.fixture
    def keras_config(self):
        keras = pytest.importorskip("keras")
        before = keras.config.dtype_policy(), keras.config.floatx()
        yield keras.config
        keras.config.set_dtype_policy(before[0])
        keras.config.set_floatx(before[1])

    @pytest.mark.parametrize("policy", ["mixed_float16", "float16", "float64"])
    def test_policy(self, policy, expected, keras_config):
        keras_config.set_dtype_policy(policy)
        for found, wanted in zip(self.results(), expected, strict=True):
            np.testing.assert_array_equal(found, wanted, strict=True)
        assert keras_config.dtype_policy().name == policy

    @pytest.mark.parametrize("floatx", ["float16", "float64"])
    def test_floatx(self, floatx, expected, keras_config):
        keras_config.set_floatx(floatx)
        for found, wanted in zip(self.results(), expected, strict=True):
            np.testing.assert_array_equal(found, wanted, strict=True)
        assert keras_config.floatx() == floatx

    def test_functions_run_eagerly(self, expected):
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
        try:
            for found, wanted in zip(self.results(), expected, strict=True):
                np.testing.assert_array_equal(found, wanted, strict=True)
            assert tf.config.functions_run_eagerly()
        finally:
            tf.config.run_functions_eagerly(False)
