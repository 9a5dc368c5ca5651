"""What every benchmark takes and prints: `--quick`, `--json`, and figures with the ratios that are wanted."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Literal, TypeAlias

Target: TypeAlias = tuple[Literal["<=", ">="], float]


def options(doc: str | None, *, quick: str) -> argparse.Namespace:
    """Read the command line; `quick` says what is left out then."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    return parser.parse_args()


def show(
    name: str,
    *,
    figures: Mapping[str, float],
    ratios: Mapping[str, float],
    targets: Mapping[str, Target],
    as_json: bool,
) -> None:
    """Print what was measured: as `{"benchmark", "ratios", "figures"}`, or as lines that say what was met.

    A target is for the ratio of its name, or for all whose name ends with it after a dot.
    """
    if as_json:
        print(json.dumps({"benchmark": name, "ratios": ratios, "figures": figures}))
        return
    for each, value in {**figures, **ratios}.items():
        wanted = targets.get(each) or targets.get(each.partition(".")[2])
        print(f"{each:32} {value:12.3f}{'' if wanted is None else _judged(value, wanted)}")


def tell(line: str) -> None:
    """Say how far it is, beside the result."""
    print(line, file=sys.stderr, flush=True)


def _judged(value: float, wanted: Target) -> str:
    sign, target = wanted
    met = value >= target if sign == ">=" else value <= target
    return f"   {sign} {target:g}: {'met' if met else 'MISSED'}"
