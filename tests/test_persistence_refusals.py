"""What `skaudeep.save` and `skaudeep.load` refuse, crafted files above all."""

import functools
import io
import json
import pathlib
import pickle
import re
import struct
import subprocess
import sys
import zipfile
import zlib

import joblib
import numpy as np
import pytest
import scipy.sparse
import skops.io
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import Birch
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import skaudeep
from skaudeep import LiblinearClassifier
from skaudeep._archives import write_members

X = np.random.default_rng(0).uniform(-1, 1, (30, 5))
Y = np.arange(30) % 3


# --- what save refuses ---


class Shout(TransformerMixin, BaseEstimator):
    """A class of the user."""


def keras_model():
    import keras

    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def with_requests():
    with config_context(enable_metadata_routing=True):
        return make_pipeline(LogisticRegression().set_fit_request(sample_weight=True))


def knotted():
    knot = []
    knot.append(knot)
    return knot


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (make_pipeline(FunctionTransformer(lambda X: X)), r"Pipeline.steps\[0\]\[1\].func .*<lambda>"),
        (
            make_pipeline(FunctionTransformer(functools.partial(np.sum, axis=1))),
            r"steps\[0\]\[1\].func .*functools.partial",
        ),
        (make_pipeline(FunctionTransformer(X.mean)), r"steps\[0\]\[1\].func is a builtins.builtin_function_or_method"),
        (make_pipeline(StandardScaler(), Shout()), r"Pipeline.steps\[1\]\[1\] is a .*Shout"),
        (RandomForestClassifier(2, random_state=0).fit(X, Y), r"estimators_\[0\].tree_ .*sklearn.tree._tree.Tree"),
        (KNeighborsClassifier(algorithm="kd_tree").fit(X, Y), r"KNeighborsClassifier._tree .*KDTree"),
        (
            with_requests(),
            r"Pipeline.steps\[0\]\[1\]._metadata_request.*LogisticRegression that it is itself a part of",
        ),
        (Birch(), "Birch"),
        (LiblinearClassifier(class_weight={True: 1.0, False: 2.0}), r"class_weight has the key True"),
        (LiblinearClassifier(class_weight={1: 1.0, "1": 2.0}), r"class_weight has keys that are equal"),
        (LiblinearClassifier(class_weight=knotted()), r"class_weight\[0\] is or holds the list"),
        (LiblinearClassifier(class_weight=3 + 1j), "class_weight is a builtins.complex"),
        (LiblinearClassifier(random_state=np.random.default_rng(0)), "random_state is a numpy.random.*Generator"),
        (
            LiblinearClassifier(random_state=np.random.RandomState(np.random.PCG64(0))),
            "random_state is a numpy.random.*RandomState",
        ),
        (LiblinearClassifier(class_weight=np.empty((2, 0), object)), "class_weight is a numpy.ndarray"),
        (LiblinearClassifier(class_weight=scipy.sparse.lil_array((2, 2))), "class_weight is a scipy.sparse.*lil_array"),
        (LiblinearClassifier(class_weight=skaudeep.make_fusion), "class_weight .*skaudeep.fusion.make_fusion"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_save_refuses_what_load_would_refuse(estimator, message, tmp_path):
    (tmp_path / "file").write_text("as it was")
    with pytest.raises(TypeError, match=message):
        skaudeep.save(estimator, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_save_refuses_keras_models(tmp_path):
    with pytest.raises(TypeError, match=r"Pipeline.steps\[0\]\[1\].kw_args\['model'\] is a keras.*Sequential"):
        skaudeep.save(make_pipeline(FunctionTransformer(kw_args={"model": keras_model()})), tmp_path / "file")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("thing", [{"C": 1.0}, StandardScaler, np.zeros(3), None])
def test_save_keeps_estimators_only(thing, tmp_path):
    with pytest.raises(TypeError, match="save keeps estimators"):
        skaudeep.save(thing, tmp_path / "file")


def test_save_checks_the_target_first(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
        skaudeep.save(StandardScaler(), tmp_path / "missing" / "file")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        skaudeep.save(StandardScaler(), tmp_path)


# --- what load refuses ---


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        skaudeep.load(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        skaudeep.load(tmp_path)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


def write_zip(path, **members):
    with zipfile.ZipFile(path, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)


def test_other_files_are_refused(tmp_path):
    others = {name: tmp_path / name for name in ("empty", "text", "pickle", "joblib", "zip", "npz", "skops", "header")}
    others["empty"].touch()
    others["text"].write_text("This is no estimator.")
    others["pickle"].write_bytes(pickle.dumps(Bomb(tmp_path / "ran")))
    joblib.dump(Bomb(tmp_path / "ran"), others["joblib"])
    write_zip(others["zip"], readme="nothing")
    with others["npz"].open("wb") as file:
        np.savez(file, header="x")
    skops.io.dump(StandardScaler(), others["skops"])
    write_zip(others["header"], **{"skaudeep.json": '["format"]', "schema.json": "{}"})
    for path in others.values():
        with pytest.raises(ValueError, match=f"{path.name}' is not a file that skaudeep.save has written"):
            skaudeep.load(path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("number", [2, 0, "1", True, None])
def test_files_of_another_format_are_refused(number, tmp_path):
    header = json.dumps({"format": number, "skaudeep": "9.9"})
    write_zip(tmp_path / "file", **{"skaudeep.json": header, "schema.json": "{}"})
    with pytest.raises(ValueError, match=f"written by skaudeep 9.9 in format {number}; .* update skaudeep"):
        skaudeep.load(tmp_path / "file")


def test_truncated_and_damaged_files_are_refused(tmp_path):
    skaudeep.save(LiblinearClassifier().fit(X, Y), tmp_path / "file")
    whole = (tmp_path / "file").read_bytes()
    path = tmp_path / "damaged"
    for size in range(0, len(whole), len(whole) // 20):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="damaged"):
            skaudeep.load(path)
    with zipfile.ZipFile(tmp_path / "file") as file:
        offsets = [info.header_offset + 60 for info in file.infolist()]
    for offset in offsets:
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 255]) + whole[offset + 1 :])
        with pytest.raises(ValueError, match="damaged"):
            skaudeep.load(path)


def node(loader, module, name, **content):
    return {"__loader__": loader, "__module__": module, "__class__": name, **content}


def text(value):
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def sequence(*items, kind="tuple"):
    return node("TupleNode" if kind == "tuple" else "ListNode", "builtins", kind, content=items)


def table(content, key_type=None):
    types = [key_type or node("TypeNode", "builtins", "str")] * len(content)
    return node("DictNode", "builtins", "dict", content=content, key_types=sequence(*types, kind="list"))


def craft(path, attribute, protocol=2, **members):
    """A file as `save` writes them, of a scaler with an attribute of an attacker."""
    tree = node(
        "ObjectNode", "sklearn.preprocessing._data", "StandardScaler", content=table({"mean_": attribute}), __id__=1
    )
    header = {"format": 1, "skaudeep": skaudeep.__version__}
    tree |= {"protocol": protocol, "_skops_version": "0.16.0"}
    write_zip(path, **{"skaudeep.json": json.dumps(header), "schema.json": json.dumps(tree)}, **members)


TOUCH = "__import__('pathlib').Path({path!r}).touch()"
EVAL = node("TypeNode", "builtins", "eval")
NOTHING = table({})


def pickled_array(path):
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb(path)], object), allow_pickle=True)
    return buffer.getvalue()


def hostile(path):
    """Attributes that run something, or that lead there, with the name in the refusal."""
    touch = TOUCH.format(path=str(path))
    scaler = node("ObjectNode", "sklearn.preprocessing._data", "StandardScaler", content=NOTHING)
    return {
        "builtins.eval": table({touch: text(1)}, key_type=EVAL),
        "posix.system": node("FunctionNode", "posix", "system"),
        "subprocess.Popen": node(
            "ConstructorFromReduceNode",
            "subprocess",
            "Popen",
            content=sequence(sequence(text("touch"), text(str(path)))),
        ),
        "functools.partial": node(
            "PartialNode",
            "functools",
            "partial",
            content={"func": EVAL, "args": sequence(text(touch)), "kwds": NOTHING, "namespace": NOTHING},
        ),
        "operator.methodcaller": node("OperatorFuncNode", "operator", "methodcaller", attrs=sequence(text("touch"))),
        "sklearn.preprocessing._data.StandardScaler": node(
            "MethodNode", "sklearn.preprocessing._data", "StandardScaler", content={"func": "fit", "obj": scaler}
        ),
        "skaudeep.corpora._fetch.fetch_esc10": node("FunctionNode", "skaudeep.corpora._fetch", "fetch_esc10"),
        "skaudeep._engine.set_threads": table({"1": text(1)}, node("FunctionNode", "skaudeep._engine", "set_threads")),
        "skaudeep.embedding._base.BaseAutoencoderEmbedder": node(
            "ObjectNode", "skaudeep.embedding._base", "BaseAutoencoderEmbedder", content=NOTHING
        ),
        "sklearn.tree._tree.Tree": node(
            "TreeNode", "sklearn.tree._tree", "Tree", content=NOTHING, __reduce__={"args": sequence()}
        ),
        "numpy.random._generator.Generator": node(
            "RandomGeneratorNode",
            "numpy.random._generator",
            "Generator",
            content={"bit_generator": table({"bit_generator": text("seed")}), "seed_seq": NOTHING},
        ),
        "no_such_module.f": node("ObjectNode", "no_such_module", "f", content=NOTHING),
        # what is trusted, but not to be called
        "skaudeep.embedding._time.Seq2SeqAutoencoderEmbedder": node(
            "ConstructorFromReduceNode", "skaudeep.embedding._time", "Seq2SeqAutoencoderEmbedder", content=sequence()
        ),
        "numpy.mean": node("ListNode", "numpy", "mean", content=[text(1)]),
        "numpy.median": table({"1": text(1)}, node("FunctionNode", "numpy", "median")),
        "sklearn.utils._bunch.Bunch": node("TupleNode", "sklearn.utils._bunch", "Bunch", content=[]),
    }


OLD_NODES = ("posix.system", "skaudeep.corpora._fetch.fetch_esc10")


@pytest.mark.parametrize("protocol", [0, 1, 2])
@pytest.mark.parametrize("name", hostile("path"))
def test_crafted_files_run_nothing(name, protocol, tmp_path):
    ran = tmp_path / "ran"
    craft(tmp_path / "file", hostile(ran)[name], protocol)
    # protocol 0 of skops has nodes of its own, which fail sooner
    message = "damaged" if protocol == 0 and name in OLD_NODES else f"holds what load does not know.*{name}"
    with pytest.raises(ValueError, match=message):
        skaudeep.load(tmp_path / "file")
    assert not ran.exists()


def test_types_of_keys_cannot_be_smuggled_in(tmp_path):
    functions = node("ListNode", "builtins", "list", content=[node("FunctionNode", "numpy", "std")], __id__=9)
    reference = sequence(node("TypeNode", "builtins", "str"), kind="list") | {"__id__": 9}
    craft(tmp_path / "file", sequence(functions, table({"1": text(1)}) | {"key_types": reference}))
    with pytest.raises(ValueError, match="damaged.*refer to something else"):
        skaudeep.load(tmp_path / "file")


def test_a_crafted_file_would_run_where_it_is_trusted(tmp_path):
    """That the attack above is one."""
    craft(tmp_path / "file", hostile(tmp_path / "ran")["builtins.eval"])
    with pytest.warns(InconsistentVersionWarning):
        skops.io.load(tmp_path / "file", trusted=["builtins.eval"])
    assert (tmp_path / "ran").exists()


def test_pickled_arrays_are_not_unpickled(tmp_path):
    ran = tmp_path / "ran"
    array = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="0.npy")
    craft(tmp_path / "file", array, **{"0.npy": pickled_array(ran)})
    with pytest.raises(ValueError, match="damaged.*allow_pickle=False"):
        skaudeep.load(tmp_path / "file")
    assert not ran.exists()
    np.load(io.BytesIO(pickled_array(ran)), allow_pickle=True)
    assert ran.exists()


def test_files_without_an_estimator_or_without_end_are_refused(tmp_path):
    header = {"skaudeep.json": json.dumps({"format": 1, "skaudeep": skaudeep.__version__})}
    path = tmp_path / "file"
    write_zip(path, **header, **{"schema.json": json.dumps(table({}) | {"protocol": 2})})
    with pytest.raises(ValueError, match="holds a dict, not an estimator"):
        skaudeep.load(path)
    endless = sequence(node("ListNode", "builtins", "list", content=[], __id__=7), kind="list")
    endless["__id__"] = 7
    write_zip(path, **header, **{"schema.json": json.dumps(endless | {"protocol": 2})})
    with pytest.raises(ValueError, match="damaged"):
        skaudeep.load(path)
    write_zip(path, **header, **{"schema.json": '{"protocol": 2, "x": ' + "[" * 100_000})
    with pytest.raises(ValueError, match="damaged"):
        skaudeep.load(path)


# --- damage ---


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A file with arrays, bytes and a list."""
    path = tmp_path_factory.mktemp("saved") / "file"
    parts = {"a": X[:2], "b": np.ma.masked_array([1, 2], [True, False]), "c": b"bytes", "d": [1, 2.5, "text"]}
    skaudeep.save(LiblinearClassifier(random_state=0).fit(X, Y).set_params(class_weight=parts), path)
    return path


def state_of(estimator):
    """All that an estimator holds, to compare."""
    return pickle.dumps(
        [estimator.class_weight, estimator.coef_, estimator.intercept_, estimator.classes_, repr(estimator.C)]
    )


def without_digests(path, target):
    """The file as versions wrote it that knew no checksums."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    header = json.loads(members["skaudeep.json"])
    assert header.pop("digests").keys() == members.keys() - {"skaudeep.json"}
    write_members(target, (members | {"skaudeep.json": json.dumps(header).encode()}).items(), ("schema.json",))


@pytest.mark.parametrize("old", [False, True])
def test_a_flipped_byte_is_an_error_or_harmless(saved, old, tmp_path):
    path = tmp_path / "damaged"
    if old:
        without_digests(saved, path)
    whole = (path if old else saved).read_bytes()
    expected = state_of(skaudeep.load(saved))
    random = np.random.default_rng(0)
    directory = whole.index(b"PK\1\2")
    # entries of members are few, but flips in them are the subtle ones
    places = [*random.integers(0, directory, 150), *random.integers(directory, len(whole), 150)]
    refused = 0
    for place, bits in zip(places, random.integers(1, 256, len(places)), strict=True):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ int(bits)]) + whole[place + 1 :])
        try:
            estimator = skaudeep.load(path)
        except ValueError as error:
            assert "damaged'" in str(error)
            refused += 1
        else:
            assert state_of(estimator) == expected, place
    assert refused > 200


def test_members_of_other_files_are_refused(saved, tmp_path):
    with zipfile.ZipFile(saved) as file:
        members = {name: file.read(name) for name in file.namelist()}
    arrays = [name for name in members if name.endswith(".npy")]
    swapped = members | {arrays[0]: members[arrays[1]], arrays[1]: members[arrays[0]]}
    fewer = {name: content for name, content in members.items() if name != arrays[0]}
    for wrong in (swapped, fewer, members | {"more.npy": members[arrays[0]]}):
        write_members(tmp_path / "file", wrong.items())
        with pytest.raises(ValueError, match="file' .*is damaged .*not those that were written together"):
            skaudeep.load(tmp_path / "file")
    write_members(tmp_path / "file", reversed(members.items()))
    assert state_of(skaudeep.load(tmp_path / "file")) == state_of(skaudeep.load(saved))


# --- what would take more memory than there is ---

GIB = 2**30


def deflated_zeros(size):
    """What a compressed member of zeros consists of; the same piece again and again."""
    piece = 2**24
    deflater = zlib.compressobj(wbits=-15)
    deflater.flush(zlib.Z_FULL_FLUSH)
    zeros = deflater.compress(bytes(piece)) + deflater.flush(zlib.Z_FULL_FLUSH)
    return zeros * (size // piece) + zlib.compressobj(wbits=-15).flush()


def write_raw(target, *members):
    """Write an archive of members that are compressed already: name, content as it is stored, size that it tells."""
    directory, place = b"", 0
    for name, content, size in members:
        fields = struct.pack("<5H3L2H", 20, 0, 8, 0, 33, 0, len(content), size, len(name), 0)
        target.write(b"PK\3\4" + fields + name.encode() + content)
        directory += (
            b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<3H2L", 0, 0, 0, 0, place) + name.encode()
        )
        place += 30 + len(name) + len(content)
    ends = struct.pack("<4H2LH", 0, 0, len(members), len(members), len(directory), place, 0)
    target.write(directory + b"PK\5\6" + ends)


def inflate_to(path, **sizes):
    """Write an archive of members of zeros, of which some tell less than they are."""
    zeros = deflated_zeros(3 * GIB)
    with path.open("wb") as file:
        write_raw(file, *((name.replace("_", "."), zeros, size) for name, size in sizes.items()))


def craft_bombs(folder):
    """Files of a few megabytes that would take gigabytes, and what is said of them."""
    large = f"takes {{}} bytes or more .* may take max_size={GIB}: .* give skaudeep.load a larger max_size"
    inflate_to(folder / "header", skaudeep_json=3 * GIB)
    inflate_to(folder / "header that lies", skaudeep_json=100)
    inflate_to(folder / "array", **{"0_npy": 3 * GIB})
    inflate_to(folder / "many", **{f"{i}_npy": 2**28 for i in range(8)})
    messages = {"header": large.format(48 * GIB), "header that lies": "has another size than its entry says"}
    messages |= {"array": large.format(3 * GIB), "many": large.format(5 * 2**28)}
    inflate_to(folder / "tree", schema_json=3 * GIB)
    messages["tree"] = large.format(48 * GIB)
    shape = io.BytesIO()
    np.lib.format.write_array_header_1_0(shape, {"descr": "<f8", "fortran_order": False, "shape": (3 * GIB // 8,)})
    array = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="0.npy")
    craft(folder / "shape", array, **{"0.npy": shape.getvalue()})
    messages["shape"] = r"damaged .*array of shape \(402653184,\).* has 0 bytes"
    npy = io.BytesIO()
    np.save(npy, np.zeros(2**17))
    craft(folder / "again and again", sequence(*[array] * 3000), **{"0.npy": npy.getvalue()})
    messages["again and again"] = r"damaged .*several things are in 0\.npy"
    nested = io.BytesIO()
    write_raw(nested, ("data.npy", deflated_zeros(3 * GIB), 3 * GIB))
    matrix = node("SparseMatrixNode", "scipy.sparse._csr", "csr_matrix", type="scipy", file="0.npz")
    craft(folder / "nested", matrix, **{"0.npz": nested.getvalue()})
    messages["nested"] = large.format(r"\d+")
    items = sequence(*[text(1)] * 20, kind="list") | {"__id__": 10}
    for number in range(11, 17):
        items = sequence(items, *[{"__id__": number - 1}] * 19, kind="list") | {"__id__": number}
    shape = sequence(text(1), text(1))
    craft(folder / "levels", node("NdArrayNode", "numpy", "ndarray", type="json", content=[items], shape=shape))
    messages["levels"] = "damaged .*several things of number 10"
    return messages


def test_files_that_would_take_all_memory_are_refused(tmp_path):
    """In a process that has little of it to give."""
    pytest.importorskip("resource")
    messages = craft_bombs(tmp_path)
    skaudeep.save(StandardScaler(), tmp_path / "scaler")
    code = f"""
import pathlib, resource, skaudeep
folder = pathlib.Path({str(tmp_path)!r})
skaudeep.load(folder / "scaler")
used = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
for name in {list(messages)}:
    try:
        skaudeep.load(folder / name)
    except ValueError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    said = done.stdout.splitlines()
    assert len(said) == len(messages), done.stderr
    for (name, message), line in zip(messages.items(), said, strict=True):
        assert re.search(f"{name}' .*{message}", line), line
        assert (tmp_path / name).stat().st_size < 80 * 2**20


def test_the_limit_can_be_raised(tmp_path):
    skaudeep.save(LiblinearClassifier(class_weight=[1] * 100), tmp_path / "file")
    with pytest.raises(ValueError, match="file' takes .* may take max_size=100000: .* larger max_size"):
        skaudeep.load(tmp_path / "file", max_size=10**5)
    assert skaudeep.load(tmp_path / "file", max_size=10**6).class_weight == [1] * 100
    for wrong in (0, -1, 1.5, "1"):
        with pytest.raises(ValueError, match="'max_size' parameter of load must be an int"):
            skaudeep.load(tmp_path / "file", max_size=wrong)


def test_what_is_no_archive_is_not_read_to_its_end():
    if not pathlib.Path("/dev/zero").exists():
        pytest.skip("a system without files that have no end")
    with pytest.raises(ValueError, match="/dev/zero' is not a file that skaudeep.save has written"):
        skaudeep.load("/dev/zero")
