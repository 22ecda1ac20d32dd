"""The one part of the package that setup.cfg cannot describe: C, where there is a compiler.

Without one the same package installs, and Python gives the same answers, slower.
"""

from pathlib import Path

from setuptools import Extension, setup

STABLE = ("Py_LIMITED_API", "0x030b0000")
"""One compiled file for every Python from 3.11 on (https://docs.python.org/3/c-api/stable.html)."""

IN_C = ("casbd.records._picking", "casbd.records._usual", "casbd.store.log._bodies", "casbd.wire._pairs")


def extension(name: str) -> Extension:
    """The module that is one C file beside the Python that uses it, with the headers there."""
    return Extension(
        name,
        [name.replace(".", "/") + ".c"],
        define_macros=[STABLE],
        depends=[str(header) for header in Path(name.replace(".", "/")).parent.glob("*.h")],
        extra_compile_args=["-Wall", "-Wextra"],
        py_limited_api=True,
        optional=True,
    )


setup(
    ext_modules=[extension(name) for name in IN_C],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
