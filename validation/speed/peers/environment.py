"""Environments of the peers: made on demand with pip, kept in ``validation/speed/.peers``."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from validation.speed.peers.protocol import PeerError, Process

HOME = Path(__file__).parents[1] / ".peers"
_CPU_WHEELS = "https://download.pytorch.org/whl/cpu"  # a tenth of the size of those on PyPI, which bring CUDA


@dataclass(frozen=True)
class Peer:
    """A package from PyPI.

    Attributes
    ----------
    name : str
        Distribution, and module in this folder that speaks to it.
    requirements : tuple of str
        What pip installs.
    """

    name: str
    requirements: tuple[str, ...]

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return HOME / self.name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def version(self) -> str | None:
        """Return the installed version, None if there is none."""
        code = f"import importlib.metadata; print(importlib.metadata.version({self.name!r}))"
        try:
            done = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    def install(self) -> str:
        """Make the environment if there is none; return the version.

        Raises
        ------
        PeerError
            If it cannot be installed, with pip's last words.
        """
        if version := self.version():
            return version
        commands = [
            [sys.executable, "-m", "venv", "--clear", str(HOME / self.name)],
            [str(self.python), "-m", "pip", "install", "--retries", "1", *self.requirements],
        ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise PeerError(f"{self.name} cannot be installed: {(done.stderr or done.stdout).strip()[-500:]}")
        if version := self.version():
            return version
        raise PeerError(f"{self.name} cannot be installed: pip left no version of it")

    def start(self, threads: int) -> Process:
        """Return the program at work on so many threads."""
        count = str(threads)
        environment = {
            "OMP_NUM_THREADS": count,
            "MKL_NUM_THREADS": count,
            "JAX_PLATFORMS": "cpu",
            "JAX_COMPILATION_CACHE_DIR": str(HOME / "compiled-jax"),
            "TORCHINDUCTOR_CACHE_DIR": str(HOME / "compiled-torch"),
            "NM_BACKEND": "jax",
            "NM_DTYPE": "float64",
            "FDMAG_PEER_KERNELS": str(HOME / f"kernels-{self.name}"),
        }
        return Process(f"validation.speed.peers.{self.name}", self.python, environment)


PEERS = {
    "magnumnp": Peer("magnumnp", ("--extra-index-url", _CPU_WHEELS, "torch", "magnumnp")),
    "neuralmag": Peer("neuralmag", ("neuralmag[jax]",)),
    "cmtj": Peer("cmtj", ("cmtj",)),
}
"""The peers by name."""
