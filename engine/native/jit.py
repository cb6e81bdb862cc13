"""From LLVM's assembly language to machine code, by llvmlite; finished code is kept on disk.

    library = Library(text, {"step": (float, "ptr", "ptr")})
    library.step(a, b)

The cache is a folder of object files, named by everything that they depend on. HANDGRAD_CACHE says
where it is; an empty HANDGRAD_CACHE turns it off.
"""

import ctypes
import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

LOCK = threading.Lock()
KINDS = {float: ctypes.c_double, int: ctypes.c_int64, None: None, "ptr": ctypes.c_void_p}


def available() -> bool:
    """Whether the compiler is installed (and not turned off by HANDGRAD_NATIVE=0)."""
    return os.environ.get("HANDGRAD_NATIVE") != "0" and bool(importlib.util.find_spec("llvmlite"))


@cache
def machine() -> tuple[Any, str]:
    """llvmlite's binding, and a sentence that names the compiler and the machine."""
    import llvmlite.binding as llvm
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm, (f"LLVM {llvm.llvm_version_info} {llvm.get_default_triple()} "
                  f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}")


def add_symbols(addresses: "dict[str, int | None]") -> None:
    """Makes functions of this process known to compiled code, by name."""
    llvm, _ = machine()
    for name, address in addresses.items():
        llvm.add_symbol(name, address)


def target() -> Any:
    """This machine as LLVM's target; a compiler takes one for itself."""
    llvm, _ = machine()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(),
        opt=3, jit=True)


def folder() -> "Path | None":
    """Where finished code is kept; None if nowhere."""
    named = os.environ.get("HANDGRAD_CACHE")
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "handgrad"


class Library:
    """Compiled functions, callable by name; `source` is what they were written as."""

    def __init__(self, source: str, functions: dict[str, tuple[Any, ...]], level: int = 3) -> None:
        self.source, self.level = source, level
        with LOCK:
            self.engine = self._engine()
            self.pointers = {name: self.engine.get_function_address(name) for name in functions}
        for name, (returned, *inputs) in functions.items():
            kinds: Any = [KINDS[k] for k in (returned, *inputs)]
            setattr(self, name, ctypes.CFUNCTYPE(*kinds)(self.pointers[name]))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the library has no function {name!r}")

    def _engine(self) -> Any:
        llvm, _ = machine()
        code = read(self.key())
        if code is None:
            code = translated(self.source, self.level)
            write(self.key(), code)
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target())
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        return engine

    def key(self) -> str:
        """A name that changes with the source, the compiler and the machine."""
        text = f"{machine()[1]}\n{self.level}\n{self.source}"
        return hashlib.sha256(text.encode()).hexdigest()


def translated(source: str, level: int) -> bytes:
    """The machine code of a text, after LLVM's passes."""
    llvm, _ = machine()
    own = target()
    module = llvm.parse_assembly(source)
    module.triple, module.data_layout = llvm.get_default_triple(), str(own.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.slp_vectorization = options.loop_vectorization = level > 1
    options.loop_unrolling = False
    passes = llvm.create_pass_builder(own, options)
    passes.getModulePassManager().run(module, passes)
    return own.emit_object(module)      # type: ignore[no-any-return]


def read(key: str) -> "bytes | None":
    """Finished code, if it is kept."""
    place = folder()
    try:
        return (place / f"{key}.o").read_bytes() if place else None
    except OSError:
        return None


def write(key: str, code: bytes) -> None:
    """Keeps finished code, all of it or nothing; a folder that cannot be written to is no error."""
    place = folder()
    if place is None:
        return
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place)
        with os.fdopen(handle, "wb") as file:
            file.write(code)
        os.replace(name, place / f"{key}.o")
    except OSError as error:
        print(f"compiled code is not kept: {error}", file=sys.stderr)
