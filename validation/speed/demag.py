"""Speed of the demag convolution: `python -m validation.speed.demag [--threads 1 2] [--json FILE]`.

The peer is the textbook convolution: `scipy.fft.rfftn` of the three components padded with zeros to a fast length of
at least 2 n - 1 along each axis, the product with the six (or four) components of the spectrum, `irfftn`, and what is
beyond the mesh dropped; same precision, same number of threads. Peer and convolution take turns, two calls each, of
which the second is timed, so that other work on the machine meets both; the best time of each counts.
"""

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

import fdmag.demag.host as host
from fdmag.mesh import Mesh

CASES = {
    "64²": (64, 64, 1),
    "256²": (256, 256, 1),
    "512²": (512, 512, 1),
    "1024²": (1024, 1024, 1),
    "2048²": (2048, 2048, 1),
    "64³": (64, 64, 64),
    "128×128×64": (128, 128, 64),
    "200×50": (200, 50, 1),
    "32²": (32, 32, 1),
}
_SECONDS = 1.5  # for each case and precision


@dataclass(frozen=True)
class Result:
    """One measurement; a rate is cells × evaluations per second."""

    case: str
    precision: str
    device: str
    threads: int
    cells_per_second: float
    peer: str
    peer_cells_per_second: float
    ratio: float
    median_ratio: float
    bytes_per_cell: float
    flops_per_cell: float
    floor_ratio: float


def made_up_spectrum(mesh: Mesh, _: object, lengths: tuple[int, int, int]) -> NDArray[np.float64]:
    """Spectrum of the right shape; the tensor's own takes long for large meshes and is no faster to multiply with."""
    x, y, z = (length // 2 + 1 for length in lengths)
    return np.random.default_rng(1).normal(size=(4 if mesh.cells[2] == 1 else 6, z, y, x))


def padded_scipy(mesh: Mesh, dtype: DTypeLike, threads: int) -> Callable[[NDArray], NDArray]:
    """The peer (see above)."""
    shape = tuple(scipy.fft.next_fast_len(2 * n - 1, real=True) for n in mesh.shape)
    axes = (1, 2, 3)
    kernel = np.random.default_rng(1).normal(size=(6, *shape[:2], shape[2] // 2 + 1)).astype(dtype)
    rows = [(0, 3, 4), (3, 1, 5), (4, 5, 2)] if mesh.cells[2] > 1 else [(0, 3), (3, 1), (None, None, 2)]
    nz, ny, nx = mesh.shape

    def convolve(M: NDArray) -> NDArray:
        waves = scipy.fft.rfftn(M, s=shape, axes=axes, workers=threads)
        field = np.empty_like(waves)
        product = np.empty_like(waves[0])
        for a, row in enumerate(rows):
            terms = [(b, component) for b, component in enumerate(row) if component is not None]
            for count, (b, component) in enumerate(terms):
                np.multiply(kernel[component], waves[b], out=product if count else field[a])
                if count:
                    field[a] += product
        wide = scipy.fft.irfftn(field, s=shape, axes=axes, workers=threads, overwrite_x=True)
        return wide[:, :nz, :ny, :nx]

    return convolve


def bytes_per_cell(mesh: Mesh, lengths: tuple[int, int, int], itemsize: int) -> float:
    """Bytes that must pass between cache and memory: M and B once, S written and read twice, the kernel read.

    S, the waves after y, holds Py / 2 complex rows (one more in three dimensions) of nx nz cells and components.
    Stores past the cache are assumed: ordinary ones would read M's and half of S's lines once more.
    """
    (nx, _, nz), (px, py, pz) = mesh.cells, lengths
    rows = py / 2 if nz == 1 and py % 2 == 0 else py // 2 + 1
    waves = 3 * 2 * rows * nx * nz
    kernel = (4 if nz == 1 else 6) * (px // 2 + 1) * rows * (pz // 2 + 1)
    return (6 * mesh.n_cells + 4 * waves + kernel) * itemsize / mesh.n_cells


def flops_per_cell(mesh: Mesh, lengths: tuple[int, int, int]) -> float:
    """Operations by the usual count 5 P log2 P for a complex transform, rows of zeros left out, and the products."""
    (nx, _, nz), (px, py, pz) = mesh.cells, lengths
    rows = py / 2 if nz == 1 and py % 2 == 0 else py // 2 + 1
    along_y = 1.5 * nx * nz * 5 * py * np.log2(py)
    along_z = 3 * rows * nx * 5 * pz * np.log2(pz)
    along_x = 3 * rows * pz * 5 * px * np.log2(px)
    products = (14 if nz == 1 else 30) * px * rows * pz
    return float(2 * (along_y + along_z + along_x) + products) / mesh.n_cells


def bandwidth(threads: int) -> float:
    """Bytes per second of a copy between arrays larger than any cache, read and written bytes counted [B/s]."""
    from concurrent.futures import ThreadPoolExecutor

    size = 2**26
    pairs = [(np.ones(size // 8), np.zeros(size // 8)) for _ in range(threads)]
    best = np.inf
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(8):
            start = perf_counter()
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), pairs))
            best = min(best, perf_counter() - start)
    return 2 * size * threads / best


def measure(case: str, dtype: DTypeLike, threads: int, rate: float) -> Result:
    """Time one case; `rate` is the bandwidth [B/s] its bytes are compared with."""
    mesh = Mesh(CASES[case], (1e-9, 1e-9, 1e-9))
    demag = host.HostDemag(mesh, dtype, cache=None, workers=threads)
    peer = padded_scipy(mesh, dtype, threads)
    M = np.random.default_rng(0).normal(size=(1, 3, *mesh.shape)).astype(dtype)
    out = demag(M)
    peer(M[0])
    own: list[float] = []
    other: list[float] = []
    end = perf_counter() + _SECONDS
    while perf_counter() < end or len(other) < 5:
        peer(M[0])
        other.append(_timed(lambda: peer(M[0])))
        demag(M, out=out)
        own.append(_timed(lambda: demag(M, out=out)))
    moved = bytes_per_cell(mesh, demag.lengths, np.dtype(dtype).itemsize)
    seconds = min(own)
    return Result(
        case=case,
        precision=np.dtype(dtype).name,
        device="host",
        threads=threads,
        cells_per_second=mesh.n_cells / seconds,
        peer="padded scipy.fft",
        peer_cells_per_second=mesh.n_cells / min(other),
        ratio=min(other) / seconds,
        median_ratio=float(np.median(other) / np.median(own)),
        bytes_per_cell=moved,
        flops_per_cell=flops_per_cell(mesh, demag.lengths),
        floor_ratio=seconds / (moved * mesh.n_cells / rate),
    )


def _timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def processor() -> str:
    """Name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    fields = dict(line.replace("\t", "").split(":", 1) for line in lines if ":" in line)
    name = fields.get("model name", "unknown").strip()
    return f"{name}, family {fields.get('cpu family', '?').strip()}, {os.cpu_count()} processors"


def main() -> None:
    """Print a row per case, precision and number of threads."""
    parser = argparse.ArgumentParser(description="Speed of the demag convolution against padded scipy.fft.")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, os.cpu_count() or 1])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    arguments = parser.parse_args()
    host.demag_spectrum = made_up_spectrum  # type: ignore[assignment]
    results = []
    print(processor())
    for threads in dict.fromkeys(arguments.threads):
        rate = bandwidth(threads)
        print(f"\n{threads} thread(s); copying {rate / 1e9:.0f} GB/s\n")
        peer = "padded scipy.fft | ratio | of medians"
        print(f"| case | precision | 10⁶ cells/s | {peer} | B/cell | flop/cell | Gflop/s | time/floor |")
        print("|---|---|---|---|---|---|---|---|---|---|")
        for case in arguments.cases:
            for dtype in (np.float64, np.float32):
                r = measure(case, dtype, threads, rate)
                results.append(r)
                millions = f"{r.cells_per_second / 1e6:.1f} | {r.peer_cells_per_second / 1e6:.1f}"
                rates = f"{millions} | {r.ratio:.1f} | {r.median_ratio:.1f}"
                gigaflops = r.flops_per_cell * r.cells_per_second / 1e9
                counts = f"{r.bytes_per_cell:.0f} | {r.flops_per_cell:.0f} | {gigaflops:.0f} | {r.floor_ratio:.1f}"
                print(f"| {r.case} | {r.precision} | {rates} | {counts} |", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(r) for r in results], indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
