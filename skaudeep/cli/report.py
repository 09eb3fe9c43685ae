"""``skaudeep report``: one page about an experiment."""

from skaudeep.cli._arguments import add_command, add_json
from skaudeep.cli._outputs import prepare_output
from skaudeep.cli._printing import print_results


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "report",
        run,
        help="write one page about an experiment or a training run",
        description="Write one HTML page with settings, corpus, spectrograms, loss curves, reconstructions, accuracy "
        "and confusion matrices. It holds all pictures and needs no network. What has not been done is named there.",
        examples=["report esc-10", "report esc-10 -o report.html", "report test-run"],
    )
    parser.add_argument("run_dir", metavar="RUN", help="folder of `skaudeep run`, or --run-name of a training")
    parser.add_argument("-o", "--output", metavar="FILE", help="page to write (default: RUN/report.html)")
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep.pages import write_report
    from skaudeep.results.files import find_kind

    find_kind(arguments.run_dir)  # before a folder is made for the page
    with prepare_output(arguments.output):
        path = write_report(arguments.run_dir, arguments.output)
    print_results(arguments, data={"output": str(path), "bytes": path.stat().st_size}, brief=str(path), show=str(path))
