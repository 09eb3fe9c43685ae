"""Two representations of a corpus, each in a file of its own, fused, evaluated, and exported for other programs.

The features are made batch by batch: where the script is interrupted, `NetCDFWriter` goes on from the last batch.
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import LiblinearClassifier, SpectrogramTransformer, StatisticsPooling
from skaudeep.datasets import fuse, inspect_dataset, load_corpus, make_dataset, make_sound_events, to_bunch
from skaudeep.io import NetCDFWriter, export_dataset, import_dataset, read_netcdf

with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    make_sound_events(folder / "sounds", n_per_class=15, random_state=0)
    # the corpus has a table of its own, metadata.csv, which says folds and recordings
    corpus = load_corpus(folder / "sounds")
    print(corpus.DESCR)

    for level in (-30, -60):
        transformer = make_pipeline(SpectrogramTransformer(n_mels=40, clip_below=level), StatisticsPooling())
        with NetCDFWriter(folder / f"{level}.nc", settings={"n_mels": 40, "clip_below": level}) as writer:
            for rows in np.array_split(np.arange(len(corpus.data)), 5):
                features = transformer.fit_transform(corpus.data[rows])
                writer.append(features, corpus.filenames[rows])

    # what the corpus says of its recordings, for all of them at once
    parts = [make_dataset(read_netcdf(folder / f"{level}.nc").features, **corpus.metadata) for level in (-30, -60)]
    fused = fuse(parts, names=["loud", "all"])
    print(inspect_dataset(fused))

    bunch = to_bunch(fused)
    classifier = make_pipeline(StandardScaler(), LiblinearClassifier(C=0.1))
    scores = cross_val_score(classifier, bunch.data, bunch.target, cv=bunch.cv)
    print(f"accuracy {scores.mean():.3f} with {len(bunch.feature_names)} features of two clip levels")

    export_dataset(fused, folder / "arff", format="arff", labels_last=True)
    print("exported", *sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.arff")))
    assert import_dataset(folder / "arff").sizes == fused.sizes
