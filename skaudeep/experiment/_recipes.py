"""Configurations that come with the package: those of the paper, those with contrastive features, the quick start."""

import difflib
from importlib import resources

_SUFFIX = ".toml"


def list_recipes():
    """Name the recipes.

    Returns
    -------
    list of str
        Names, sorted; `read_experiment` takes them for a file.

    See Also
    --------
    read_recipe : Their text.

    Examples
    --------
    >>> from skaudeep.experiment import list_recipes
    >>> list_recipes()[:4]
    ['esc-10', 'esc-10-contrastive', 'esc-50', 'esc-50-contrastive']
    """
    files = (file.name for file in _folder().iterdir())
    return sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))


def read_recipe(name):
    """Give the text of a recipe, a start for a configuration of your own.

    Parameters
    ----------
    name : str
        One of `list_recipes`.

    Returns
    -------
    str
        TOML.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> from skaudeep.experiment import read_recipe
    >>> "max_epochs = 64" in read_recipe("esc-10")
    True
    """
    names = list_recipes()
    if name not in names:
        close = difflib.get_close_matches(str(name), names, n=1)
        meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
        raise ValueError(f"{name!r} is not a recipe; {meant}")
    return (_folder() / f"{name}{_SUFFIX}").read_text(encoding="utf-8")


def _folder():
    return resources.files("skaudeep.experiment") / "recipes"
