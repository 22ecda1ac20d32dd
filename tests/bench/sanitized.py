"""The part in C under the compiler's sanitizers: columns of bodies with bytes changed, left out and added, for some time.

    python tests/bench/sanitized.py [SECONDS]

It is built beside with AddressSanitizer and UndefinedBehaviorSanitizer (gcc or clang), which end the program at the first read or
write out of bounds and at whatever C does not define. Prints how many inputs were tried, and of how many columns were made.
"""

import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

TYPES = b"\x91\xc0\xcb\xcf\xd3\xd9\xda\xdb\xdc\xdd\xff"
"""Of msgpack: the first bytes of lists, numbers and texts."""
SOURCE = Path(__file__).resolve().parents[2] / "casbd" / "store" / "log" / "_columns.c"


def mutated(chance: random.Random, encoded: bytes) -> bytes:
    """With a few changes; often of the bytes that say a type or a length."""
    changed = bytearray(encoded)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(changed) + 1)
        own = bytes(chance.choice((*TYPES, chance.randrange(256))) for _ in range(2))
        changed[at : at + chance.randrange(3)] = own[: chance.randrange(3)]
        if chance.random() < 0.1:
            del changed[at:]
    return bytes(changed)


def try_inputs(seconds: float) -> None:
    """Runs within the sanitized process: its first argument is where the module is."""
    import _columns
    import msgspec

    from casbd.model.activity import FIELDS, Activity, ActivityObject
    from casbd.store.log.columns import letters

    chance, encode = random.Random(time.time_ns()), msgspec.msgpack.encode
    tried = whole = 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        number = chance.randrange(1, 6)
        texts = [chance.choice(("", "x" * 40, "ä€😀" * chance.randrange(9), "a" * 300)) for _ in range(9)]
        things = tuple(ActivityObject(*chance.choices([None, *texts], k=4)) for _ in range(chance.randrange(18)))
        one = Activity(chance.choice((0, -5, 1 << 40)), *texts[:2], user=texts[2], user_groups=(*texts[3:6],), objects=things)
        one.asn, one.is_external_user, one.latitude = chance.choice((None, 1 << 33)), chance.choice((None, True)), 1.5
        one.raw = texts[7] * chance.randrange(50)
        encoded = encode(one) * number
        for _ in range(50):
            fields = chance.choice((FIELDS, FIELDS, ("user", "raw")))
            columns = _columns.columns(mutated(chance, encoded), number + chance.choice((0, 0, 0, 1, 1 << 50)), letters(fields))
            tried, whole = tried + 1, whole + (columns is not None)
    print(f"{tried} inputs, {whole} of them whole, nothing out of bounds")


def main() -> None:
    """Build, and run a process with the sanitizers in it."""
    if len(sys.argv) > 2:
        sys.path.insert(0, sys.argv[2])
        return try_inputs(float(sys.argv[1]))
    compiler = os.environ.get("CC", "cc")
    with tempfile.TemporaryDirectory() as place:
        flags = ["-g", "-O1", "-fPIC", "-shared", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        flags += ["-DPy_LIMITED_API=0x030b0000", f"-I{sysconfig.get_path('include')}"]
        subprocess.run([compiler, *flags, str(SOURCE), "-o", f"{place}/_columns.abi3.so"], check=True)
        runtime = subprocess.run([compiler, "-print-file-name=libasan.so"], check=True, capture_output=True, text=True).stdout.strip()
        own = {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}  # so that reads behind bytes are seen
        seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
        sys.exit(subprocess.run([sys.executable, __file__, seconds, place], env=os.environ | own, check=False).returncode)


if __name__ == "__main__":
    main()
