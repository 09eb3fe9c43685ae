"""``skaudeep recipes``: configurations that come with the program."""

from skaudeep.cli._arguments import add_command, add_json
from skaudeep.cli._printing import print_results


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "recipes",
        run,
        help="list experiments that come with the program, or print one",
        description="List the experiments that come with the program, those of the paper, those with contrastive "
        "features and that of quickstart: what they are, where to get the corpus, and how its folder has to look. With "
        "a name: print that configuration, a start for one of your own.",
        examples=["recipes", "recipes esc-10 > mine.toml", "run mine.toml --corpus ESC-10"],
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="the recipe to print")
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep.experiment import list_recipes, read_experiment, read_recipe

    if arguments.name is not None:
        text = read_recipe(arguments.name).removesuffix("\n")
        print_results(arguments, data=read_experiment(arguments.name).to_dict(), brief=text, show=text)
        return
    recipes = {name: read_experiment(name) for name in list_recipes()}
    data = [
        {
            "recipe": name,
            "about": experiment.about,
            "corpus": experiment.corpus["name"],
            "from": experiment.corpus["about"],
            "layout": experiment.corpus["layout"],
        }
        for name, experiment in recipes.items()
    ]
    show = [*map(_describe, data), "Run one with: skaudeep run NAME --corpus FOLDER"]
    print_results(arguments, data=data, brief="\n".join(recipes), show="\n\n".join(show))


def _describe(known):
    lines = [f"  {key + ':':<8}{known[key]}" for key in ("corpus", "from", "layout")]
    return "\n".join([known["recipe"], f"  {known['about']}", *lines])
