"""Packages that import what they export when it is first used."""

import importlib


def export_lazily(package, homes, modules=()):
    """Make the names that a package exports available without importing its files yet.

    Parameters
    ----------
    package : str
        Name of the package.
    homes : dict of str to sequence of str
        The names by the module that has them; ``"_find"`` is a module of the package, ``"skaudeep.fusion"`` another.
    modules : sequence of str, default=()
        Names of modules of the package that it exports, too.

    Returns
    -------
    getter : callable
        ``__getattr__`` of the package.
    lister : callable
        ``__dir__`` of the package.
    exported : list of str
        ``__all__`` of the package.
    """
    home_of = {}
    for home, names in homes.items():
        module = home if home.startswith("skaudeep.") else f"{package}.{home}"
        home_of |= dict.fromkeys(names, module)
    exported = sorted([*home_of, *modules])

    def getter(name):
        if name in home_of:
            return getattr(importlib.import_module(home_of[name]), name)
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return getter, lambda: exported, exported
