"""``skaudeep visualize``: the original's name of ``plot embedding --method tsne``."""

from skaudeep.cli._arguments import add_command, add_group, add_seed, real
from skaudeep.cli.plot import add_embedding_options, drawing, embedding


def add_parser(commands):
    """Add the parsers of this command."""
    group = add_group(commands, "visualize", help="draw features as points in the plane")
    parser = add_command(
        group,
        "tsne",
        run,
        help="draw features with t-SNE",
        description="Project features to two dimensions with t-SNE and draw a point for each instance, coloured by "
        "class. `plot embedding` also knows other methods, and `explore` makes a page to look at and to listen to.",
        examples=[
            "visualize tsne --input features.nc",
            "visualize tsne --input features.nc --output tsne.png --seed 0",
        ],
    )
    add_embedding_options(parser)
    parser.add_argument(
        "--perplexity",
        metavar="P",
        type=real(0, open_low=True),
        default=50.0,
        help="about how many neighbours count, fewer than there are instances (default: %(default)g)",
    )
    parser.add_argument(
        "--learning-rate",
        metavar="RATE",
        type=real(0, open_low=True),
        default=1000.0,
        help="how far points move in a step (default: %(default)g)",
    )
    add_seed(parser, "where points begin")


@drawing
def run(arguments):
    """Run the command."""
    options = {"perplexity": arguments.perplexity, "learning_rate": arguments.learning_rate}
    return embedding(arguments, "tsne", options)
