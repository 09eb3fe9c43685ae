"""The prompt of ``skaudeep`` without arguments."""

import argparse
import cmd
import shlex
import sys


class Shell(cmd.Cmd):
    """A prompt that takes commands as the program does; what they import is imported once.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parser of all commands, for completion.
    main : callable
        ``main(argv)`` runs a command.
    """

    prompt = "skaudeep> "
    intro = "Type a command without the word skaudeep, help for all commands, exit or Ctrl-D to leave."

    def __init__(self, parser, main):
        super().__init__()
        self._parser, self._main = parser, main

    def cmdloop(self, intro=None):
        """Read commands until the end; Ctrl-C empties the line."""
        while True:
            try:
                return super().cmdloop(intro)
            except KeyboardInterrupt:
                print("^C", file=sys.stderr)
                intro = ""

    def default(self, line):
        """Run a line as a command."""
        try:
            words = shlex.split(line)
        except ValueError as error:  # a quotation mark is missing
            print(f"skaudeep: error: {error}", file=sys.stderr)
            return
        try:
            self._main(words[1:] if words[:1] == ["skaudeep"] else words)
        except SystemExit:  # of help and of wrong usage
            pass
        except Exception as error:  # with --debug; the prompt goes on
            import traceback

            traceback.print_exception(error)

    def emptyline(self):
        """Do nothing, rather than the last command again."""

    def do_help(self, line):
        """Show all commands, or the help of one."""
        self.default(f"{line} --help")

    def do_exit(self, line):
        """Leave."""
        return True

    do_quit = do_exit

    def do_EOF(self, line):  # noqa: N802
        """Leave at Ctrl-D."""
        print()
        return True

    def completenames(self, text, *ignored):
        """Complete the first word."""
        return [f"{name} " for name in (*_commands(self._parser), "help", "exit") if name.startswith(text)]

    def completedefault(self, text, line, begin, end):
        """Complete commands of a group, options, and names of files."""
        parser = self._parser
        words = line[:begin].split()
        while words and words[0] in _commands(parser):
            parser = _commands(parser)[words.pop(0)]
        names = [*_commands(parser), *(option for option in parser._option_string_actions if option[:2] == "--")]
        found = [f"{name} " for name in names if name.startswith(text)]
        return found if text.startswith("-") or found else _paths(text)


def _commands(parser):
    """Find the parsers of the commands of a parser, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action.choices
    return {}


def _paths(text):
    import glob
    import os

    return [path + os.sep if os.path.isdir(path) else f"{path} " for path in glob.glob(glob.escape(text) + "*")]
