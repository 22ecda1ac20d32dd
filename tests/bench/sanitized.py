"""What is in C under the compiler's sanitizers: stored bodies and records with bytes changed, left out and added, and
items with anything in them, for some time.

    python tests/bench/sanitized.py [SECONDS]

It is built anew with AddressSanitizer and UndefinedBehaviorSanitizer (gcc or clang), which end the program at the first read or
write out of bounds and at whatever C does not define. Prints how many inputs were tried, and how many were whole.
"""

import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import suppress
from pathlib import Path

TYPES = b"\x91\xc0\xcb\xcf\xd3\xd9\xda\xdb\xdc\xdd\xff"
"""Of msgpack: the first bytes of lists, numbers and texts."""
ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "casbd").rglob("*.c"))


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


def try_bodies(seconds: float) -> None:
    """Columns of stored activities."""
    import _bodies
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
        encoded, buffer = encode(one) * number, bytearray(chance.randrange(9))
        plain = bytes(buffer[: _bodies.append_texts([one.raw] * number, buffer, 0)])
        one.raw = ""
        without = encode(one) * number
        for _ in range(50):
            fields = chance.choice((FIELDS, FIELDS, ("user", "raw")))
            said = number + chance.choice((0, 0, 0, 1, 1 << 50))
            changed = mutated(chance, plain)
            columns = (
                _bodies.columns((mutated(chance, encoded),), (said,), letters(fields), b""),
                _bodies.columns((chance.choice((without, mutated(chance, without))),), (said,), letters(fields, apart=True), changed),
                _bodies.columns((without, mutated(chance, without)), (number, said), letters(("user",), apart=True), b""),
            )
            with suppress(UnicodeDecodeError):
                columns += (_bodies.texts(changed, said),)
            tried, whole = tried + 1, whole + sum(one is not None for one in columns)
    print(f"{tried} bodies, {whole} of them whole, nothing out of bounds")


def try_records(seconds: float) -> None:
    """Records of Microsoft 365: whatever they have become, they are the same activities without C; and these are finished."""
    import _picking
    import _usual

    sys.modules |= {"casbd.records._picking": _picking, "casbd.records._usual": _usual}
    sys.path[:0] = [str(ROOT / "tests" / "fuzz"), str(ROOT / "tests")]
    from mutation import mutate
    from targets import picked

    from casbd.errors import BadRecord
    from casbd.formats.m365 import M365
    from casbd.plugins import Options
    from casbd.records.finished import finish, usual

    assert usual is _usual.usual, "else nothing of it is tried"
    m365 = M365(Options())
    chance, seeds = random.Random(time.time_ns()), picked.seeds()
    tried = whole = 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        record = mutate(chance.choice(seeds), seeds, picked.TOKENS, chance)
        picked.attempt(record)
        with suppress(BadRecord):
            for activity in m365.parse(record):
                finish(activity, record, record.decode(errors="replace"))
        tried, whole = tried + 1, whole + picked.is_picked_from(record)
    print(f"{tried} records, {whole} of them picked from, nothing out of bounds")


def try_pairs(seconds: float) -> None:
    """Pairs of items with anything in their fields: with C and without they are the same."""
    import _pairs

    sys.modules["casbd.wire._pairs"] = _pairs
    from types import SimpleNamespace

    from casbd.wire import cef_message, leef, pairs

    assert pairs._pairs is _pairs, "else nothing of it is tried"
    chance, tried = random.Random(time.time_ns()), 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        texts = ["x" * chance.choice((0, 1, 3, 40, 4000, 4095, 9000)) for _ in range(8)]
        for place in range(4):
            at = chance.randrange(len(texts[place]) + 1)
            texts[place] = texts[place][:at] + chance.choice((" ", "=", "^", "ä", "\ud800", "\n", "\\")) + texts[place][at:]
        many: list[object] = [None, "", True, chance.randrange(-(2**70), 2**70), tuple(texts[:2]), (texts[2],), (), (None,), *texts]
        item = SimpleNamespace(**{f"f{place}": chance.choice(many) for place in range(12)})
        keys = tuple(pairs.Key(f"{name}=", name, chance.choice((0, 4, 63, 4000))) for name in vars(item))
        for form in (cef_message._EXTENSION, leef._ATTRIBUTES):
            joined = form.joined(keys, item, with_empty=True)
            assert joined == form.separator.join([prefix + text for prefix, text, _ in form.listed(keys, item, with_empty=True)])
        with suppress(AttributeError):
            form.joined((*keys, pairs.Key("a=", "missing", 0)), item)
        tried += 1
    print(f"{tried} items as pairs, nothing out of bounds")


def main() -> None:
    """Build, and run a process with the sanitizers in it."""
    if len(sys.argv) > 2:
        sys.path.insert(0, sys.argv[2])
        for attempt in (try_bodies, try_records, try_pairs):
            attempt(float(sys.argv[1]) / 3)
        return
    compiler = os.environ.get("CC", "cc")
    with tempfile.TemporaryDirectory() as place:
        flags = ["-g", "-O1", "-fPIC", "-shared", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        flags += ["-DPy_LIMITED_API=0x030b0000", f"-I{sysconfig.get_path('include')}"]
        for source in SOURCES:
            subprocess.run([compiler, *flags, str(source), "-o", f"{place}/{source.stem}.abi3.so"], check=True)
        runtime = subprocess.run([compiler, "-print-file-name=libasan.so"], check=True, capture_output=True, text=True).stdout.strip()
        own = {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}  # so that reads behind bytes are seen
        seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
        sys.exit(subprocess.run([sys.executable, __file__, seconds, place], env=os.environ | own, check=False).returncode)


if __name__ == "__main__":
    main()
