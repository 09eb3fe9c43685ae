"""Who takes part in a comparison: the candidates, and the controls that each of them has to beat."""

import dataclasses

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from skaudeep.embedding import BaseEmbedder, StatisticsPooling
from skaudeep.evaluation._seeds import reseed
from skaudeep.exceptions import ParameterError

#: what controls are, by their names or the ends of these
CONTROLS = {
    "untrained": "the same networks with random weights, which have learned nothing (max_epochs=0)",
    "statistics": "mean, deviation, extremes and mean change over time of what the networks get (StatisticsPooling)",
    "majority": "no features at all: always the most frequent class of the training part",
}


@dataclasses.dataclass
class Entrant:
    """One that takes part; `transformer` is None where no features are looked at."""

    name: str
    transformer: object
    about: str = ""  # what it is, of a control

    @property
    def is_control(self):
        """Tell whether it is there for others to be compared with."""
        return bool(self.about)


def line_up(embedders):
    """Give all entrants in the order of tables, and the names of the controls of each candidate."""
    candidates = [Entrant(name, transformer) for name, transformer in _name(embedders).items()]
    entrants, controls, fronts = list(candidates), {entrant.name: [] for entrant in candidates}, []
    order = []
    for candidate in candidates:
        order.append(candidate)
        if not has_embedder(candidate.transformer):
            continue
        untrained = _find_or_add(entrants, candidate, "untrained", untrain(candidate.transformer))
        statistics = _find_or_add(entrants, candidate, "statistics", take_statistics(candidate.transformer))
        order.append(untrained)
        fronts.append(statistics)
        controls[candidate.name] = [control for control in (untrained, statistics) if control is not candidate]
    added = [entrant for entrant in _distinct(fronts) if entrant not in candidates]
    if len(added) == 1:
        added[0].name = "statistics"
    majority = Entrant("majority", None, CONTROLS["majority"])
    order = _distinct([*order, *fronts, majority])
    _check_names(order)
    names = {}
    for candidate in candidates:
        if not candidate.is_control:
            names[candidate.name] = tuple(control.name for control in [*controls[candidate.name], majority])
    return order, names


def _name(embedders):
    """Check transformers, and name those of a list by their classes."""
    if not isinstance(embedders, dict):
        named = {}
        for transformer in embedders:
            _check_transformer(f"embedders[{len(named)}]", transformer)
            name, number = describe(transformer), 1
            while (unique := name if number == 1 else f"{name} {number}") in named:
                number += 1
            named[unique] = transformer
        embedders = named
    if not embedders:
        raise ParameterError("embedders", embedders, ": there is nothing to compare; give at least one transformer")
    for name, transformer in embedders.items():
        if not isinstance(name, str) or not name:
            raise TypeError(f"embedders has the key {name!r}: the keys are names, so give texts")
        _check_transformer(f"embedders[{name!r}]", transformer)
    return embedders


def _check_transformer(place, transformer):
    needed = ("fit", "transform", "get_params")
    if isinstance(transformer, type) or not all(hasattr(transformer, name) for name in needed):
        raise TypeError(
            f"{place}={transformer!r} is no transformer: give an embedder, or another estimator with fit and transform "
            "(an instance, not a class)"
        )


def _check_names(entrants):
    """Refuse a candidate whose name is that of a control."""
    names = [entrant.name for entrant in entrants]
    for name in names:
        if names.count(name) > 1:
            raise ParameterError("embedders", name, " is the name of a control; give this candidate another one")


def _find_or_add(entrants, candidate, kind, transformer):
    """Give the entrant that is the same as a control of a candidate, such as a control of another one."""
    wanted = reseed(transformer, 0)
    for entrant in entrants:
        if same(reseed(entrant.transformer, 0), wanted):
            if entrant is not candidate:
                entrant.about = CONTROLS[kind]
            return entrant
    entrants.append(Entrant(f"{candidate.name}, {kind}", transformer, CONTROLS[kind]))
    return entrants[-1]


def _distinct(entrants):
    return list({id(entrant): entrant for entrant in entrants}.values())


# --- what is inside of a transformer ---


def _parts(transformer):
    """Give the estimators that are parameters of one, or steps or branches, by their names."""
    if isinstance(transformer, type) or not hasattr(transformer, "get_params"):
        return {}
    parameters = transformer.get_params(deep=True)
    return {name: part for name, part in parameters.items() if "__" not in name and hasattr(part, "get_params")}


def find_embedders(transformer):
    """Give all embedders in a transformer, frozen ones too."""
    if isinstance(transformer, BaseEmbedder):
        return [transformer]
    return [embedder for part in _parts(transformer).values() for embedder in find_embedders(part)]


def has_embedder(transformer):
    """Tell whether there is an embedder in a transformer."""
    return bool(find_embedders(transformer))


def describe(transformer):
    """Name a transformer by the classes of the embedders in it, or by its own."""
    classes = [type(embedder).__name__ for embedder in find_embedders(transformer)]
    return " + ".join(dict.fromkeys(classes)) or type(transformer).__name__


def untrain(transformer):
    """Copy a transformer with networks that stay as they are at the start; what was frozen is not any more."""
    if isinstance(transformer, BaseEmbedder):
        return clone(transformer).set_params(max_epochs=0)
    if isinstance(transformer, FrozenEstimator):
        return untrain(transformer.estimator)
    changed = {name: untrain(part) for name, part in _parts(transformer).items() if has_embedder(part)}
    return clone(transformer).set_params(**changed)


def take_statistics(transformer):
    """Copy what is in front of the first networks of a transformer, with statistics over time in place of these.

    What comes after them is left out, as it is made for their output.
    """
    if isinstance(transformer, BaseEmbedder):
        return StatisticsPooling()
    if isinstance(transformer, FrozenEstimator):
        return take_statistics(transformer.estimator)
    if isinstance(transformer, Pipeline):
        return _statistics_of_steps(transformer)
    if isinstance(transformer, FeatureUnion):
        return _statistics_of_branches(transformer)
    changed = {name: take_statistics(part) for name, part in _parts(transformer).items() if has_embedder(part)}
    return clone(transformer).set_params(**changed)


def _statistics_of_steps(pipeline):
    steps = [step for _, step in pipeline.steps if step is not None and step != "passthrough"]
    first = [has_embedder(step) for step in steps].index(True)
    statistics = take_statistics(steps[first])
    if first == 0:
        return statistics
    return make_pipeline(*map(clone, steps[:first]), statistics)


def _statistics_of_branches(union):
    """Make branches of statistics, each once."""
    branches = []
    for name, branch in union.transformer_list:
        kept = take_statistics(branch) if has_embedder(branch) else branch
        if not any(same(kept, other) for _, other in branches):
            branches.append((name, kept))
    if len(branches) == 1:
        return branches[0][1]
    return clone(union).set_params(transformer_list=branches, transformer_weights=None)


def same(one, other):
    """Tell whether two transformers, or parameters of them, would do the same."""
    if one is other:
        return True
    if type(one) is not type(other) or isinstance(one, FrozenEstimator):
        return False
    if hasattr(one, "get_params"):
        one, other = one.get_params(deep=False), other.get_params(deep=False)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return np.array_equal(one, other)
