"""Sphinx: ``pip install '.[docs]' && sphinx-build -W doc doc/_build``; needs no network."""

import inspect

from skaudeep import __version__

project = "skaudeep"
author = "The skaudeep developers"
copyright = "The skaudeep developers, BSD-3-Clause"
version = release = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "code"
toc_object_entries_show_parents = "hide"

autodoc_default_options = {"members": True, "inherited-members": True, "member-order": "bysource"}
numpydoc_show_class_members = False

html_title = f"skaudeep {version}"
html_theme = "pydata_sphinx_theme"
html_theme_options = {"secondary_sidebar_items": ["page-toc"], "show_prev_next": False}
html_sidebars = {page: [] for page in ("index", "install", "user_guide", "changes")}
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False


def skip_foreign_member(app, what, name, member, skip, options):
    """Leave out what comes from scikit-learn, whose own pages describe it."""
    function = member.fget if isinstance(member, property) else inspect.unwrap(member)
    return skip or not str(getattr(function, "__module__", "")).startswith("skaudeep")


def setup(app):
    """Connect the above."""
    app.connect("autodoc-skip-member", skip_foreign_member)
