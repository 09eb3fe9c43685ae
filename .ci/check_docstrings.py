"""Validate the docstrings of everything public with numpydoc; the exit status says whether all are right.

``numpydoc lint`` reads the source, where an inherited constructor or a re-exported name is not to be seen; this
looks at the imported objects, as a user does.
"""

import configparser
import importlib
import inspect
import pathlib
import pkgutil
import re
import sys

from numpydoc.validate import validate

import skaudeep

SETTINGS = pathlib.Path(__file__).parents[1] / "setup.cfg"


def public_objects():
    """Full names of what the modules export and of its public methods; with the former, the object itself."""
    for name in (module.name for module in pkgutil.iter_modules(skaudeep.__path__) if module.name[0] != "_"):
        module = importlib.import_module(f"skaudeep.{name}")
        for exported in getattr(module, "__all__", ()):
            thing = getattr(module, exported)
            if not callable(thing):
                continue
            yield f"{module.__name__}.{exported}", thing
            for method in public_methods(thing) if inspect.isclass(thing) else ():
                yield f"{module.__name__}.{exported}.{method}", None


def public_methods(cls):
    """Names of the methods that a class has of our own classes; all else is among its documented attributes."""
    ours = [vars(base) for base in cls.__mro__ if base.__module__.startswith("skaudeep")]
    members = {name: member for members in reversed(ours) for name, member in members.items()}
    methods = {name for name, member in members.items() if callable(member) or isinstance(member, classmethod)}
    return [name for name in members if name[0] != "_" and name in methods]


def codes(settings, key):
    """Check codes of a setting, without its comments."""
    return set(re.sub("#.*", "", settings[key]).split())


def main():
    """Print what is wrong and return the number of findings."""
    parser = configparser.ConfigParser()
    parser.read(SETTINGS)
    settings = parser["docstring_check"]
    findings = n_objects = 0
    for name, thing in public_objects():
        n_objects += 1
        ignored = codes(settings, "ignore")
        if inspect.isclass(thing):
            ignored |= codes(settings, "ignore_in_exceptions") if issubclass(thing, Exception) else set()
        elif thing is None:
            ignored |= codes(settings, "ignore_in_methods")
        report = validate(name)
        for code, description in report["errors"]:
            if code not in ignored:
                findings += 1
                print(f"{report['file']}:{report['file_line']}: {name}: {code} {description}")
    print(f"{n_objects} public docstrings, {findings} findings")
    return findings


if __name__ == "__main__":
    sys.exit(main() > 0)
