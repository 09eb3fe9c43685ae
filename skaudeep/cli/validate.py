"""``skaudeep validate``: whether a data set obeys the rules of its file format."""

from skaudeep.cli._arguments import add_command, add_json
from skaudeep.cli._printing import print_results

_FEW = 5  # violations of a rule that are shown without --detailed


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "validate",
        run,
        help="check the metadata of a data set",
        description="Check that the instances of each file agree in label, folds and partition, that labels are those "
        "of the label map, and that files have the same chunks. Ends with status 1 if they do not.",
        examples=["validate --input features.nc", "validate --input features.nc --detailed"],
    )
    parser.add_argument("--input", metavar="FILE", required=True, help="data set, a NetCDF file")
    parser.add_argument("--detailed", action="store_true", help="show all violations, not only the first few of a rule")
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep.datasets import validate_dataset
    from skaudeep.io import read_netcdf
    from skaudeep.io.netcdf import check_file

    check_file(arguments.input)
    ds = read_netcdf(arguments.input)
    violations = validate_dataset(ds)
    by_rule = {}
    for violation in violations:
        by_rule.setdefault(violation.rule, []).append(violation)
    print_results(
        arguments,
        data={
            "valid": not violations,
            "violations": [
                {"rule": v.rule, "message": v.message, "filename": v.filename, "instances": v.instances}
                for v in violations
            ],
        },
        brief="\n".join(f"{rule}\t{len(found)}" for rule, found in by_rule.items()) or "valid",
        show=_describe(arguments, ds.sizes["instance"], by_rule),
    )
    return 1 if violations else 0


def _describe(arguments, n_instances, by_rule):
    if not by_rule:
        return f"{arguments.input} is valid: {n_instances} instances obey all rules"
    lines = []
    for found in by_rule.values():
        shown = found if arguments.detailed else found[:_FEW]
        lines += map(str, shown)
        if len(found) > len(shown):
            lines.append(f"... and {len(found) - len(shown)} more of this rule (--detailed shows all)")
    n = sum(map(len, by_rule.values()))
    return "\n".join([*lines, f"{arguments.input} is not valid: {n} violation{'s' if n > 1 else ''}"])
