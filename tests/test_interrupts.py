"""Ctrl-C, answered where nothing is left half done."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from signal import SIG_DFL, SIG_IGN, SIGINT, SIGTERM, default_int_handler, getsignal, raise_signal, signal

import pytest

from skaudeep._interrupts import deferred, each, hold, let_go, result_of, submit


@pytest.fixture(autouse=True)
def handlers_stay():
    before = getsignal(SIGINT), getsignal(SIGTERM)
    yield
    after = getsignal(SIGINT), getsignal(SIGTERM)
    signal(SIGINT, before[0])
    signal(SIGTERM, before[1])
    assert after == before


@pytest.mark.parametrize("n_signals", [1, 3])
def test_ctrl_c_waits_for_the_end_of_the_outermost_block(n_signals):
    done = []
    with pytest.raises(KeyboardInterrupt), deferred():
        with deferred():
            for _ in range(n_signals):
                raise_signal(SIGINT)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]
    with deferred():  # nothing is left over
        pass


def test_ctrl_c_comes_after_an_error_and_keeps_it():
    with pytest.raises(KeyboardInterrupt) as raised, deferred():
        raise_signal(SIGINT)
        raise ZeroDivisionError
    assert isinstance(raised.value.__context__, ZeroDivisionError)


def test_other_handlers_are_called_once_and_need_not_raise():
    called = []
    before = signal(SIGTERM, lambda signum, frame: called.append((signum, frame is not None)))
    with deferred():
        raise_signal(SIGTERM)
        raise_signal(SIGTERM)
        assert called == []
    assert called == [(SIGTERM, True)]
    raise_signal(SIGTERM)
    assert len(called) == 2
    signal(SIGTERM, before)


@pytest.mark.parametrize("handler", [SIG_IGN, SIG_DFL])
def test_signals_without_a_handler_in_python_stay_what_they_are(handler):
    before = signal(SIGINT, handler)
    with deferred():
        assert getsignal(SIGINT) is handler
        if handler is SIG_IGN:
            raise_signal(SIGINT)
    signal(SIGINT, before)


def test_a_handler_that_is_set_within_a_block_stays():
    before = getsignal(SIGTERM)
    with deferred():
        signal(SIGTERM, SIG_IGN)
    assert getsignal(SIGTERM) is SIG_IGN
    signal(SIGTERM, before)


def test_other_threads_do_nothing():
    handlers = []

    def work():
        with deferred():
            handlers.append(getsignal(SIGINT))
            let_go()  # that of nobody

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [default_int_handler]


def test_let_go_without_hold_is_harmless():
    let_go()
    hold()
    let_go()


def test_items_are_interrupted_at_once_and_blocks_between_them_are_not():
    done = []

    def items():
        yield "first"
        with deferred():
            raise_signal(SIGINT)
            done.append("deferred in an item")
        done.append("never")
        yield "second"

    with pytest.raises(KeyboardInterrupt), deferred():
        for item in each(items()):
            done.append(item)
    assert done == ["first", "deferred in an item"]

    done.clear()
    with pytest.raises(KeyboardInterrupt), deferred():
        for item in each(range(3)):
            raise_signal(SIGINT)
            done.append(item)
    assert done == [0]


def test_items_outside_of_a_block_and_in_threads():
    assert list(each("abc")) == ["a", "b", "c"]
    with ThreadPoolExecutor(1) as pool, deferred():
        assert pool.submit(list, each("abc")).result() == ["a", "b", "c"]


def test_results_of_threads():
    with ThreadPoolExecutor(1) as pool:
        assert result_of(submit(pool, divmod, 7, 2)) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            result_of(submit(pool, divmod, 7, 0))


def test_waiting_for_a_result_ends_with_ctrl_c():
    end = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        waiting = submit(pool, end.wait)
        with pytest.raises(KeyboardInterrupt):
            submit(pool, raise_signal, SIGINT)
            result_of(waiting)
        end.set()


INTERRUPTED = """
import faulthandler, json, os, random, signal, sys
from concurrent.futures import ThreadPoolExecutor

import dask.array as da
import numpy as np
import orjson
from sklearn.preprocessing import StandardScaler

import skaudeep
from skaudeep import SpectrogramTransformer, _engine, _training
from skaudeep._files import atomic_path
from skaudeep.datasets import make_dataset, make_sound_events
from skaudeep.experiment import extract_spectrograms
from skaudeep.io import NetCDFWriter, read_arff, read_csv, read_netcdf, write_arff, write_csv, write_netcdf

folder, rounds = sys.argv[1], json.loads(sys.argv[2])
names, labels = [f"{i}.wav" for i in range(40)], ["x", "y"] * 20


def data_set(value, chunks=None):
    features = np.full((40, 10), value, np.float32) + np.arange(40, dtype=np.float32)[:, None]
    return make_dataset(da.from_array(features, chunks) if chunks else features, names, label_nominal=labels)


def write_lazy(value, path):
    write_netcdf(data_set(value, chunks=(9, 10)), path, compression=1)


def copy_lazy(value, path):
    with read_netcdf(f"{folder}/source{value}.nc", chunks=9) as ds:
        write_netcdf(ds, path)


def write_batches(value, path):
    ds = data_set(value)
    with NetCDFWriter(path, settings={"value": value}, resume=False) as writer:
        for start in (0, 20):
            rows = slice(start, start + 20)
            writer.append(ds.features.values[rows], names[rows], label_nominal=labels[rows])


def extract(value, path):
    outputs = {path: SpectrogramTransformer(n_mels=20 + value, fixed_length=0.2)}
    extract_spectrograms(sounds, outputs, n_jobs=2, resume=False)


def read_ahead(value, path):
    numbers = list(_engine.prefetch(lambda item: item + value, list(range(40))))
    with atomic_path(path) as temporary:
        temporary.write_bytes(orjson.dumps(numbers))


WRITERS = {
    "netcdf": (lambda value, path: write_netcdf(data_set(value), path), read_netcdf),
    "lazy": (write_lazy, read_netcdf),
    "copy": (copy_lazy, read_netcdf),
    "batches": (write_batches, read_netcdf),
    "extract": (extract, read_netcdf),
    "csv": (lambda value, path: write_csv(data_set(value), path), read_csv),
    "arff": (lambda value, path: write_arff(data_set(value), path), read_arff),
    "arrays": (
        lambda value, path: _training.save_arrays(path, {}, {"a": np.full(9, value)}),
        lambda path: _training.load_arrays(path)[1]["a"].tolist(),
    ),
    "model": (
        lambda value, path: skaudeep.save(StandardScaler().fit([[0.0], [value + 1.0]]), path),
        lambda path: skaudeep.load(path).mean_.tolist(),
    ),
    "ahead": (read_ahead, lambda path: orjson.loads(open(path, "rb").read())),
}
class Interruption:
    # stands for Ctrl-C at one of the calls, lines and returns of Python's functions

    def __init__(self, at):
        self.at, self.n = at, 0

    def __call__(self, frame, event, argument):
        self.n += 1
        if self.n == self.at:
            signal.raise_signal(signal.SIGINT)
        return self


def traced(write, value, at):
    interruption = Interruption(at)
    sys.settrace(interruption)
    try:
        write(value, path)
    finally:
        sys.settrace(None)
    return interruption.n


def equal(one, other):
    return one.identical(other) if hasattr(one, "identical") else one == other


def interrupt(kind, n_rounds):
    write, read = WRITERS[kind]
    wholes = []
    for value in (0, 1):
        write(value, path)
        wholes.append(read(path))
    n_moments, n_hit = traced(write, 0, -1), 0
    for turn in range(n_rounds):
        faulthandler.dump_traceback_later(100, exit=True)
        try:
            traced(write, turn % 2, generator.randrange(1, n_moments))
        except KeyboardInterrupt:
            n_hit += 1
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        # in another thread, as this one could take its own locks again
        found = other_thread.submit(read, path).result()
        assert any(equal(found, whole) for whole in wholes)
        left = set(os.listdir(f"{folder}/out")) - {"file"}
        assert left <= ({"file.part"} if kind in ("batches", "extract") else set()), left
        other_thread.submit(write, 0, path).result()
        assert equal(read(path), wholes[0])
        assert os.listdir(f"{folder}/out") == ["file"]
    os.remove(path)
    return n_hit


for value in (0, 1):
    write_netcdf(data_set(value), f"{folder}/source{value}.nc")
sounds = make_sound_events(f"{folder}/x", n_classes=2, n_per_class=2, n_takes=1, n_folds=2, random_state=0)
os.mkdir(f"{folder}/out")
path = f"{folder}/out/file"
other_thread, generator, n_hit = ThreadPoolExecutor(1), random.Random(0), {}
for kind, n_rounds in rounds.items():
    print(kind, file=sys.stderr)
    n_hit[kind] = interrupt(kind, n_rounds)
faulthandler.cancel_dump_traceback_later()
print(json.dumps(n_hit))
"""
#: How often each writer is interrupted; those that call more of Python have more moments.
ROUNDS = {
    "netcdf": 14,
    "lazy": 5,
    "copy": 5,
    "batches": 8,
    "extract": 3,
    "csv": 6,
    "arff": 6,
    "arrays": 10,
    "model": 4,
    "ahead": 10,
}


def test_ctrl_c_at_random_moments_of_every_writer(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path), json.dumps(ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    n_hit = json.loads(done.stdout.splitlines()[-1])
    assert n_hit.keys() == ROUNDS.keys()
    assert all(n_hit[kind] >= ROUNDS[kind] // 2 for kind in ROUNDS)  # some moments are after the end
