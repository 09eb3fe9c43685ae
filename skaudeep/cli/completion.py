"""``skaudeep completion``: a script by which a shell completes commands and options."""

import argparse

from skaudeep.cli._arguments import FILES, FOLDERS, add_command

_SHELLS = ("bash", "zsh", "tcsh")


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "completion",
        run,
        help="print a script that completes commands and options in a shell",
        description="Print a script that lets a shell complete commands, options and file names.",
        examples=[
            "completion bash > ~/.local/share/bash-completion/completions/skaudeep",
            "completion zsh > ~/.zfunc/_skaudeep   # with: fpath+=~/.zfunc; autoload -Uz compinit; compinit",
        ],
    )
    parser.add_argument("shell", choices=_SHELLS, help="the shell")


def run(arguments):
    """Run the command."""
    import shtab

    from skaudeep.cli import make_parser

    parser = make_parser()
    _say_what_values_can_be(parser, dict.fromkeys(FILES, shtab.FILE) | dict.fromkeys(FOLDERS, shtab.DIRECTORY))
    print(shtab.complete(parser, arguments.shell))


def _say_what_values_can_be(parser, kinds):
    """Mark options whose values are files, folders or one of a few words."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _say_what_values_can_be(command, kinds)
        elif hasattr(action.type, "values"):
            action.choices = action.type.values
        elif action.metavar in kinds:
            action.complete = kinds[action.metavar]
