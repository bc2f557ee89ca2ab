"""The C engine as an optional extension: where there is no C compiler, lilliput installs without it."""

from glob import glob

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "lilliput.runtime._lp",  # plain C functions, opened with ctypes: no part of Python's own API
            sorted(glob("src/lilliput/runtime/c/*.c")),
            depends=sorted(glob("src/lilliput/runtime/c/*.[hi]*")),
            # no contraction: clang would join x * y + z, and one processor's last bits differ from another's
            extra_compile_args=["-std=c99", "-O3", "-ffp-contract=off", "-fvisibility=default", "-pthread"],
            extra_link_args=["-pthread", "-lm"],
            optional=True,
        )
    ]
)
