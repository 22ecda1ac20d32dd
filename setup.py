"""The one part of the package that setup.cfg cannot describe: C, where there is a compiler.

Without one the same package installs, and Python gives the same answers, slower.
"""

from setuptools import Extension, setup

STABLE = ("Py_LIMITED_API", "0x030b0000")
"""One compiled file for every Python from 3.11 on (https://docs.python.org/3/c-api/stable.html)."""

setup(
    ext_modules=[
        Extension(
            "casbd.store.log._columns",
            ["casbd/store/log/_columns.c"],
            define_macros=[STABLE],
            extra_compile_args=["-Wall", "-Wextra"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
