"""The part of CuPy that fdmag uses, on the host: kernels are built by its compiler, with `emulation.h` in front.

It is stricter than a GPU: memory is full of NaN at first, an array does not turn into NumPy's by itself, limits of
launches are checked, and nothing may be copied or allocated while a stream is captured.
"""

import ctypes
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import scipy.fft

from fdmag.errors import CompilerError
from fdmag.kernels.compiler import find_compiler
from fdmag.kernels.library import load

_FLAGS = ("-w", "-O1", "-U_FORTIFY_SOURCE")
_HEADER = Path(__file__).with_name("emulation.h")


class FakeCudaError(Exception):
    """What a GPU would refuse, or do wrong."""


class CompileException(Exception):  # noqa: N818
    """As `cupy.cuda.compiler.CompileException`."""


class Array:
    """A device array: a NumPy array that must be fetched to be seen."""

    def __init__(self, owner, memory):
        self._owner, self._memory = owner, memory
        self.shape, self.dtype, self.size = memory.shape, memory.dtype, memory.size

    @property
    def data(self):
        return SimpleNamespace(ptr=self._memory.ctypes.data)

    def __array__(self, *_, **__):
        raise TypeError("an array of the device is not converted to NumPy implicitly")

    def __getitem__(self, index):
        return Array(self._owner, self._memory[index])

    def view(self, dtype):
        return Array(self._owner, self._memory.view(dtype))

    def reshape(self, *shape):
        return Array(self._owner, self._memory.reshape(*shape))

    def set(self, values, stream=None):
        self._owner.forbidden_in_capture("set")
        if values.shape != self.shape or values.dtype != self.dtype:
            raise FakeCudaError(f"set: {values.dtype}{values.shape} into {self.dtype}{self.shape}")
        self._memory[...] = values

    def get(self, stream=None, out=None):
        self._owner.forbidden_in_capture("get")
        if out is None:
            return self._memory.copy()
        if out.shape != self.shape or out.dtype != self.dtype:
            raise FakeCudaError("get: out does not fit")
        out[...] = self._memory
        return out


class Kernel:
    """As `cupy.RawKernel`."""

    def __init__(self, owner, library, name):
        self._owner, self._name = owner, name
        self._launch = library.emulation_launch
        self._function = ctypes.cast(getattr(library, name), ctypes.c_void_p)
        self.max_dynamic_shared_size_bytes = 48 * 1024

    def __call__(self, grid, block, args, shared_mem=0):
        if not self._owner.in_stream:
            raise FakeCudaError(f"{self._name} is launched outside the stream")
        grid, block = (tuple(each) + (1,) * (3 - len(each)) for each in (grid, block))
        threads = int(np.prod(block))
        if min(grid) < 1 or max(grid[1:]) > 65535 or not 1 <= threads <= 1024:
            raise FakeCudaError(f"{self._name}: grid {grid}, block {block}")
        if shared_mem > min(self.max_dynamic_shared_size_bytes, self._owner.shared_bytes):
            raise FakeCudaError(f"{self._name}: {shared_mem} bytes of shared memory")
        words = []
        for value in args:
            if isinstance(value, Array):
                words.append(value.data.ptr)
            elif isinstance(value, np.int64 | np.uint64):
                words.append(int(value) % 2**64)
            else:
                raise FakeCudaError(f"{self._name}: an argument is {type(value).__name__}")
        # A captured graph keeps the addresses, not the arrays: whoever captured must.
        self._owner.do(lambda: self._run(grid, block, words, shared_mem))

    def _run(self, grid, block, words, shared):
        packed = (ctypes.c_uint64 * len(words))(*words)
        triple = ctypes.c_uint * 3
        line = self._launch(
            self._function, triple(*grid), triple(*block), packed, len(words), ctypes.c_uint64(shared),
            int(self._owner.backwards),
        )  # fmt: skip
        self._owner.launches[self._name] = self._owner.launches.get(self._name, 0) + 1
        if line:
            raise FakeCudaError(f"{self._name}: threads part at __syncthreads in line {line}")


class RawModule:
    """As `cupy.RawModule`."""

    def __init__(self, owner, code, options):
        self._owner, self._code = owner, code
        assert options == ("-std=c++17",)

    def get_function(self, name):
        compiler, found = find_compiler()
        assert compiler is not None, found
        source = f'#line 1 "{_HEADER.name}"\n{_HEADER.read_text(encoding="utf-8")}\n{self._code}'
        try:
            library = load(source, compiler, _FLAGS)
        except CompilerError as error:
            raise CompileException(str(error)) from None
        return Kernel(self._owner, library, name)


class Stream:
    """As `cupy.cuda.Stream`; there is one."""

    def __init__(self, owner, non_blocking):
        assert non_blocking, "the default stream cannot be captured"
        self._owner = owner

    def __enter__(self):
        self._owner.in_stream += 1

    def __exit__(self, *_):
        self._owner.in_stream -= 1

    def begin_capture(self):
        self._owner.captured = []

    def end_capture(self):
        work, self._owner.captured = self._owner.captured, None
        return SimpleNamespace(launch=lambda stream: [each() for each in work] and self._owner.count_graph())


class FakeCupy:
    """As the module `cupy`, for one GPU with so much shared memory per block.

    Attributes
    ----------
    backwards : bool
        Run blocks and threads from the last to the first: no result may depend on it.
    launches : dict
        How often each kernel ran.
    graphs : int
        How often a graph was replayed.
    """

    def __init__(self, shared_bytes=232448, devices=1):
        self.shared_bytes, self.backwards = shared_bytes, False
        self.in_stream, self.captured, self.launches, self.graphs = 0, None, {}, 0
        device = SimpleNamespace(id=0, attributes={"MaxSharedMemoryPerBlockOptin": shared_bytes})
        self.cuda = SimpleNamespace(
            Device=lambda: device,
            Stream=lambda non_blocking: Stream(self, non_blocking),
            alloc_pinned_memory=bytearray,
            compiler=SimpleNamespace(CompileException=CompileException),
            runtime=SimpleNamespace(
                getDeviceCount=lambda: devices, getDeviceProperties=lambda _: {"name": b"emulated GPU"}
            ),
        )
        self.fft = SimpleNamespace(**{name: self._transform(name) for name in ("fft", "ifft", "rfft", "irfft")})

    def RawModule(self, code, options):
        return RawModule(self, code, options)

    def empty(self, shape, dtype):
        self.forbidden_in_capture("empty")
        memory = np.empty(shape, dtype)
        memory.view(np.uint8).fill(0xFF) if memory.ndim else None
        return Array(self, memory)

    def ascontiguousarray(self, array):
        return Array(self, np.ascontiguousarray(array._memory))

    def do(self, work):
        if self.captured is None:
            work()
        else:
            self.captured.append(work)

    def count_graph(self):
        self.graphs += 1

    def forbidden_in_capture(self, what):
        if self.captured is not None:
            raise FakeCudaError(f"{what} while the stream is captured")

    def _transform(self, name):
        def transform(array, n, axis, norm):
            self.forbidden_in_capture(name)
            return Array(self, getattr(scipy.fft, name)(array._memory, n=n, axis=axis, norm=norm))

        return transform
