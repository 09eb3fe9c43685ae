"""What it costs that the steps of an experiment go from files to files and survive a crash.

    python benchmarks/files.py --shared ../shared [--repeats 3] [--epochs 6]

Extraction of ESC-10 at one and at four clip levels, by `extract_spectrograms`, beside the same spectrograms in memory
(`extract_branches`); an epoch of `train_autoencoder`, with its checkpoint and summaries, beside one of `fit`, for two
layers of 256 GRUs and a bidirectional decoder; and the seconds until ``skaudeep --help`` and the help of the command
with most options have been printed. Contenders take turns; figures are medians.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from skaudeep import Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, set_threads
from skaudeep.datasets import load_esc, make_dataset
from skaudeep.experiment import extract_spectrograms, train_autoencoder
from skaudeep.spectrogram import extract_branches

LEVELS = (-60, -30, -45, -75)


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turns(contenders, repeats):
    """Median seconds of each contender, after one turn to warm up."""
    found = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, function in contenders.items():
            took = seconds(function)
            if turn:
                found[name].append(took)
    return {name: statistics.median(values) for name, values in found.items()}


def extraction(corpus, folder, repeats):
    contenders = {}
    for n in (1, 4):
        settings = [SpectrogramTransformer(fixed_length=5, center_fixed=True, clip_below=c) for c in LEVELS[:n]]
        outputs = {folder / f"{setting.clip_below}.nc": setting for setting in settings}
        contenders[f"{n} in memory"] = lambda s=settings: extract_branches(s, corpus.data)
        contenders[f"{n} to files"] = lambda o=outputs: extract_spectrograms(corpus, o, resume=False)
    found = in_turns(contenders, repeats)
    return {
        "files per second": {name: round(len(corpus.data) / value, 1) for name, value in found.items()},
        "to files / in memory": {n: round(found[f"{n} to files"] / found[f"{n} in memory"], 3) for n in (1, 4)},
    }


def training(corpus, folder, repeats, n_epochs):
    X = SpectrogramTransformer(fixed_length=5, center_fixed=True, clip_below=-60).fit_transform(corpus.data)
    ds = make_dataset(X, **corpus.metadata)
    embedder = Seq2SeqAutoencoderEmbedder(bidirectional_decoder=True, max_epochs=n_epochs, random_state=0)
    contenders = {
        "fit": lambda: embedder.fit(X),
        "train_autoencoder": lambda: train_autoencoder(embedder, ds, folder / "run", overwrite=True),
    }
    found = {name: value / n_epochs for name, value in in_turns(contenders, repeats).items()}
    return {
        "seconds per epoch": {name: round(value, 3) for name, value in found.items()},
        "train_autoencoder / fit": round(found["train_autoencoder"] / found["fit"], 3),
    }


def start(repeats):
    def run(*words):
        subprocess.run([sys.executable, "-m", "skaudeep", *words, "--help"], check=True, capture_output=True)

    found = in_turns({"skaudeep": run, "skaudeep ft-rae train": lambda: run("ft-rae", "train")}, 2 * repeats + 1)
    return {"seconds until help": {name: round(value, 3) for name, value in found.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/ESC-10")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6, help="of each training")
    arguments = parser.parse_args()
    set_threads()
    corpus = load_esc(arguments.shared / "data" / "ESC-10")
    with tempfile.TemporaryDirectory() as folder:
        results = start(arguments.repeats)
        results |= extraction(corpus, Path(folder), arguments.repeats)
        results |= training(corpus, Path(folder), arguments.repeats, arguments.epochs)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
