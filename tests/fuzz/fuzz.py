"""Fuzz one target for some seconds: `python tests/fuzz/fuzz.py record --seconds 600`. README.md beside this file tells more.

Exit code 1 if a fault was found; its input, made as short as a few tries allow, is then in `found/TARGET/`, which the tests replay.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import targets  # noqa: E402  it is beside this file, and the tests' builders above it
from mutation import LARGEST, mutate  # noqa: E402
from targets import Target  # noqa: E402

SLOWEST = 5.0
"""Seconds of CPU that an input of at most 64 KiB may take."""
STUCK = 120
"""Seconds after which the process ends with a traceback of where it is; the input is in the file that was named at the start."""
MEMORY = 4 << 30


class SlowError(AssertionError):
    """An input took more CPU than any may."""


def attempt(target: Target, data: bytes) -> None:
    """Try one input; whatever is raised is a fault."""
    begun = time.process_time()
    target.attempt(data)
    if (taken := time.process_time() - begun) > SLOWEST:
        raise SlowError(f"{taken:.1f} s")


def fault_of(target: Target, data: bytes) -> str | None:
    """What a fault is known by: what was raised, and the last line of casbd's own that it came through; None where there is none."""
    try:
        attempt(target, data)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        own = [
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in frames
            if "/casbd/" in frame.filename and "/tests/" not in frame.filename
        ]
        return f"{type(error).__name__} {own[-1] if own else str(error)[:60]}"
    return None


def search(
    target: Target, random: Random, more: Callable[[int], bool], tell: Callable[[bytes, str], None], last: Path | None = None
) -> int:
    """Try the seeds and what mutations make of them, while `more` (given the number so far) says so; how many were tried.

    tell: gets each fault's input and name, once. last: takes each input before it is tried, so that it is known if the process dies.
    """
    seeds = target.seeds()
    seen: set[str] = set()
    tried = 0
    while more(tried):
        data = seeds[tried] if tried < len(seeds) else mutate(random.choice(seeds), seeds, target.TOKENS, random)
        tried += 1
        if last:
            last.write_bytes(data)
        fault = fault_of(target, data)
        if fault and fault not in seen:
            seen.add(fault)
            tell(shorter(target, data, fault), fault)
    return tried


def shorter(target: Target, data: bytes, fault: str, tries: int = 200) -> bytes:
    """A part of the input that shows the same fault. Slow ones are left as they are."""
    if fault.startswith("SlowError"):
        return data
    step = len(data) // 2
    while step and tries > 0:
        start = 0
        while start < len(data) and tries > 0:
            tries -= 1
            part = data[:start] + data[start + step :]
            if fault_of(target, part) == fault:
                data = part
            else:
                start += step
        step //= 2
    return data


def guided(name: str, target: Target, arguments: list[str]) -> None:
    """The same target led by coverage: atheris ends the process at the first fault."""
    import atheris

    seeds = target.seeds()

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        return mutate(data, seeds, target.TOKENS, random)[:most] if random.random() < 0.8 else atheris.Mutate(data, most)

    atheris.instrument_all()
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), f"-max_len={LARGEST}", *arguments], lambda data: attempt(target, data), custom_mutator=mutated)
    atheris.Fuzz()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Fuzz one target.")
    parser.add_argument("target", choices=targets.names())
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris (pip install atheris)")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    warnings.simplefilter("error")  # as pytest does: what casbd prints without meaning to is a fault too
    target = targets.load(options.target)
    if options.guided:
        guided(options.target, target, [f"-max_total_time={options.seconds:.0f}", f"-seed={options.seed + 1}", "-timeout=120"])
        return 0
    last = Path(tempfile.mkdtemp(prefix=f"fuzz-{options.target}-"), "last")
    print(f"seed {options.seed}; the input that is being tried: {last}", file=sys.stderr)
    faults: list[str] = []

    def tell(data: bytes, fault: str) -> None:
        faults.append(fault)
        path = HERE / "found" / options.target / hashlib.sha256(data).hexdigest()[:12]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        print(f"{fault}: {path.relative_to(HERE)} ({len(data)} bytes)", file=sys.stderr)

    def more(_: int) -> bool:
        faulthandler.dump_traceback_later(STUCK, exit=True)
        return time.monotonic() < end

    end = time.monotonic() + options.seconds
    tried = search(target, Random(options.seed), more, tell, last)
    print(f"{options.target}: {tried} inputs in {options.seconds:.0f} s, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
