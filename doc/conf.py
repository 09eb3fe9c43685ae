"""Sphinx: ``pip install '.[docs]' && sphinx-build -W doc doc/_build``; needs no network."""

import inspect
import sys
from pathlib import Path

from skaudeep import __version__

sys.path.insert(0, str(Path(__file__).with_name("_ext")))

project = "skaudeep"
author = "The skaudeep developers"
copyright = "The skaudeep developers, BSD-3-Clause"
version = release = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "sphinx_copybutton", "commands"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "py:obj"  # a link where there is something of that name, else plain code
toc_object_entries_show_parents = "hide"

autodoc_default_options = {"members": True, "inherited-members": True, "member-order": "bysource"}
numpydoc_show_class_members = False

# code without its prompts and without what it prints
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_title = f"skaudeep {version}"
html_theme = "pydata_sphinx_theme"
html_theme_options = {"secondary_sidebar_items": ["page-toc"], "show_prev_next": False}
html_sidebars = {page: [] for page in ("index", "install", "user_guide", "glossary", "changes")}
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False


def skip_foreign_member(app, what, name, member, skip, options):
    """Leave out what comes from scikit-learn, whose own pages describe it."""
    function = member.fget if isinstance(member, property) else inspect.unwrap(member)
    return skip or not str(getattr(function, "__module__", "")).startswith("skaudeep")


def link_public_name(app, env, node, contnode):
    """Lead `Name` and `skaudeep.Name` to the class or function of that name, in whichever module it is described."""
    domain = env.get_domain("py")
    name = node.get("reftarget", "").removeprefix("skaudeep.")
    kinds = {"class", "function", "exception"}
    homes = [
        full
        for full, entry in domain.objects.items()
        if full.endswith(f".{name}") and entry.objtype in kinds and not entry.aliased
    ]
    if node.get("refdomain") != "py" or len(homes) != 1:
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", homes[0], node, contnode)


def setup(app):
    """Connect the above."""
    app.connect("autodoc-skip-member", skip_foreign_member)
    app.connect("missing-reference", link_public_name)
