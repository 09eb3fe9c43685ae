"""``skaudeep completion``: a script by which a shell completes commands and options."""

from skaudeep.cli._arguments import add_command

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

    print(shtab.complete(make_parser(), arguments.shell))
