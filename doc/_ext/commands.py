"""The directive ``.. command:: WORDS``: what a command does, and its options, from the parser of the command line."""

import argparse

from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from skaudeep.cli import make_parser


class Command(SphinxDirective):
    """Describe the command of the given words."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Make the nodes."""
        parser = make_parser()
        for word in self.arguments[0].split():
            (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
            parser = commands.choices[word]
        self.state.document.settings.record_dependencies.add(__file__)
        return self.parse_text_to_nodes(StringList(list(describe(parser)), source=__file__))


def describe(parser):
    """Lines of reStructuredText about the command of a parser."""
    yield from (parser.description, "")
    if parser.epilog:
        yield from (".. code-block:: console", "")
        yield from (f"   $ {line.strip()}" for line in parser.epilog.splitlines()[1:])
        yield ""
    general = next(group for group in parser._action_groups if group.title == "options of all commands")
    for group in parser._action_groups:
        if group is general:
            continue
        options = [action for action in group._group_actions if not isinstance(action, argparse._HelpAction)]
        if options:
            yield from (f".. rubric:: {group.title.capitalize()}", "")
        for action in options:
            yield from describe_option(parser, action)
    names = ", ".join(f"``{', '.join(action.option_strings)}``" for action in general._group_actions)
    yield from (f"As all commands, it also has {names}; see :doc:`index`.", "")


def describe_option(parser, action):
    """Lines about one option."""
    formatter = parser._get_formatter()
    metavar = (
        "" if action.nargs == 0 else formatter._format_args(action, formatter._get_default_metavar_for_optional(action))
    )
    names = action.option_strings or [""]
    text = " ".join(action.help.split()) % (vars(action) | {"prog": parser.prog})
    required = " *Required.*" if action.required and action.option_strings else ""
    yield from (f".. option:: {', '.join(f'{name} {metavar}'.strip() for name in names)}", "")
    yield from (f"   {text[0].upper()}{text[1:]}.{required}", "")


def setup(app):
    """Register the directive."""
    app.add_directive("command", Command)
    return {"parallel_read_safe": True}
