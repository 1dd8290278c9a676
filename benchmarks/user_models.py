"""How fast the library trains networks that are not of this package, and vision transformers.

    python benchmarks/user_models.py --out=docs/results --torch=/path/to/python/with/torch

Images per second of a foreign CNN in the library against a plain loop of jitted steps; seconds of
`rum_jax.unlearn` against the command's stage of the same problem; and images per second of a vision
transformer against timm's in PyTorch, with the interpreter of --torch (without it: left out). Each
measurement is a process of its own, in turns, and the median of three. Writes
user_models-<backend>.json and .md.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

import jax
from tqdm import tqdm

from rum_jax.core import records
from rum_jax.runtime.provenance import provenance
from rum_jax.runtime.xla import cpu_cores

HERE = pathlib.Path(__file__).parent
TIMES = 3
NAMES = {"plain": "foreign CNN, a plain loop of jitted steps, one model",
         "library": "foreign CNN in the library, one model",
         "many": "foreign CNN in the library, a model for each core",
         "vit": "vision transformer in the library, one model",
         "vit_many": "vision transformer in the library, a model for each core",
         "torch": "the same vision transformer in PyTorch (timm)"}


def measured(way: str, python: str = sys.executable) -> float:
    """Images per second, or a ratio, of one process."""
    program = "user_models_torch.py" if way == "torch" else "user_models_jax.py"
    done = subprocess.run([python, str(HERE / program), way], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1])


def page(results: dict) -> str:
    """The page in Markdown."""
    speed, origin = results["images_per_second"], results["provenance"]
    lines = ["# Networks that are not of this package", "",
             f"```sh\n{' '.join(origin['command'])}\n```", "",
             f"Medians of {TIMES}, {results['cores']} {origin['cpu']} cores, jax "
             f"{origin['versions']['jax']}.", "",
             "| training | images per second |", "|---|---|",
             *(f"| {NAMES[way]} | {value:,.0f} |" for way, value in speed.items()), "",
             "The CNN has three 3x3 convolutions of 32, 64 and 64 channels with BatchNorm, on "
             "32x32 images in batches of 64; the vision transformer patches of 4, depth 6, width "
             "96, 3 heads, on the same images.", "",
             f"In the library the CNN trains at {speed['library'] / speed['plain']:.2f} times the "
             f"speed of the plain loop, and over all cores at {speed['many'] / speed['plain']:.2f} "
             "times its models per second.", "",
             f"`rum_jax.unlearn` takes {results['library_over_command']:.3f} times as long as the "
             "command's stage of the same problem (SCRUB on the digits, five epochs, four seeds)."]
    if "torch" in speed:
        lines += ["", f"The vision transformer trains at {speed['vit_many'] / speed['torch']:.2f} "
                  "times PyTorch's models per second over all cores."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--torch", default="", help="an interpreter with torch and timm")
    options = parser.parse_args()
    ways = [way for way in NAMES if way != "torch" or options.torch]
    values: dict[str, list[float]] = {way: [] for way in (*ways, "command")}
    for way in tqdm([way for _ in range(TIMES) for way in (*ways, "command")]):
        values[way].append(measured(way, options.torch if way == "torch" else sys.executable))
    medians = {way: statistics.median(found) for way, found in values.items()}
    origin = provenance()
    origin["command"] = [argument.replace(options.torch, "/path/to/python/with/torch")
                         if options.torch else argument for argument in origin["command"]]
    results = {"images_per_second": {way: medians[way] for way in ways},
               "library_over_command": medians["command"], "all": values, "cores": cpu_cores(),
               "provenance": origin}
    records.write_json(options.out / f"user_models-{jax.default_backend()}.json", results)
    records.write_bytes(options.out / f"user_models-{jax.default_backend()}.md",
                        page(results).encode())


if __name__ == "__main__":
    main()
