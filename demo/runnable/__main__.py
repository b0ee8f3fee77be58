"""`python -m demo.runnable FOLDER`: write the data and each variant's folder, to be run or probed by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

from demo.runnable import text, variants, write


def main() -> None:
    """Write everything and say where it is."""
    parser = argparse.ArgumentParser(prog="python -m demo.runnable", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="of the generated text")
    chosen = parser.parse_args()
    data = text.write(chosen.folder / "data", seed=chosen.seed)
    print(f"{data}: tokenizer and shards")
    for variant in variants():
        folder = write(variant, chosen.folder / variant.name)
        print(f"{folder}: {'legal' if variant.legal else variant.probe}. {variant.says}")


if __name__ == "__main__":
    main()
