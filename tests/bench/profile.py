#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""profile.py FIGURE [--lines | --steps]: where the instructions of one measured operation are.

Runs the figures' own program under the counter, which records one sample, instruction by instruction, and prints the functions
that it went through, inlined ones by their own name. --lines: by source line. --steps: every instruction, in order.
"""

import collections
import json
import subprocess
import sys

import measure

ROOT = measure.BUILD.parent
PROGRAMS = ("measure", "measure-echo", "measure-child", "spawner")
SAMPLE = 60  # any one behind the warm-up


class Image:
    """The code of an ELF file, to tell whose instruction an address is."""

    def __init__(self, path):
        self.path = path
        self.sections = []
        data = path.read_bytes()
        headers = subprocess.run(["llvm-readelf-19", "-lW", str(path)], capture_output=True, text=True, check=True).stdout
        for line in headers.splitlines():
            words = line.split()
            if words and words[0] == "LOAD":
                offset, address, size = (int(words[i], 16) for i in (1, 2, 4))
                self.sections.append((address, data[offset:offset + size]))

    def has(self, address, code):
        return any(start <= address < start + len(data) and data[address - start:address - start + len(code)] == code
                   for start, data in self.sections)


def traced(figure, names):
    """(address, code) of each instruction of one sample of a figure, which is one of `names`, in the order of measuring."""
    pair = measure.first_pair(names, figure) + min(SAMPLE, measure.samples_of(figure) - 1)
    output = measure.counter_output("profile")
    measure.boot("profile", "-kernel", str(measure.KERNEL), "-initrd", str(measure.package("measure")),
                 "-plugin", f"{measure.COUNTER},out={output},trace={pair}")
    steps = [line.split() for line in output.read_text().splitlines() if line.startswith("step ")]
    return [(int(step[1], 16), bytes.fromhex(step[2])) for step in steps]


def owner(images, address, code, last):
    """The image that holds this instruction: the one of the instruction before, if it can be."""
    fitting = [image for image in images if image.has(address, code)]
    return last if last in fitting else next(iter(fitting), None)


def symbolised(image, addresses):
    """address -> its frames, (function, source file, line), the innermost first: inlined functions have their own."""
    unknown = [("?", "?", 0)]
    if image is None:
        return {address: unknown for address in addresses}
    output = subprocess.run(["llvm-symbolizer-19", "--output-style=JSON", f"--obj={image.path}"], text=True, check=True,
                            input="\n".join(hex(address) for address in addresses), capture_output=True).stdout
    entries = [json.loads(line) for line in output.splitlines()]
    return {int(entry["Address"], 16): [(frame["FunctionName"], frame["FileName"].removeprefix(f"{ROOT}/"), frame["Line"])
                                        for frame in entry.get("Symbol", [])] or unknown
            for entry in entries}


def steps_of(figure, names):
    """(image, frames, address, code) of each instruction of one sample of a figure."""
    images = [Image(measure.KERNEL)] + [Image(measure.BUILD / f"user/{name}.debug") for name in PROGRAMS]
    steps, last = [], None
    for address, code in traced(figure, names):
        last = owner(images, address, code, last)
        steps.append((last, address, code))
    wanted = collections.defaultdict(set)
    for image, address, _ in steps:
        wanted[image].add(address)
    places = {image: symbolised(image, sorted(addresses)) for image, addresses in wanted.items()}
    return [(image, places[image][address], address, code) for image, address, code in steps]


def main(figure, how=None):
    counts = collections.Counter()
    steps = steps_of(figure, [name for name in measure.capos_figures() if name not in measure.COUNTED_ONLY])
    for image, frames, address, code in steps:
        (inner, file, number), outer = frames[0], frames[-1][0]
        name, line = image.path.stem if image else "?", f"{file}:{number}"
        if how == "--steps":
            print(f"{name:14} {address:16x} {outer:28} {inner:28} {line:40} {code.hex()}")
        counts[(name, outer, line if how == "--lines" else inner)] += 1
    if how != "--steps":
        for (name, outer, inner), count in counts.items():
            print(f"{count:6}  {name:14} {outer:32} {inner}")
    print(f"{len(steps):6}  in all, the harness included")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
