"""What of a sweep is done, on disk: a line for each member that nothing can take back, and the files of members."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fdmag.errors import FdmagError, OutputError
from fdmag.mesh import Mesh
from fdmag.output.files import BINARY_FLAG
from fdmag.output.table import table_text
from fdmag.output.table_data import whole_lines
from fdmag.output.vtk import write_vti
from fdmag.scene.sweeps.alone import TABLE, read_files
from fdmag.scene.sweeps.chunk import MemberResult

NAME = "members.jsonl"
_KEPT = ("steps", "rejected_steps", "evaluations")


class Journal:
    """The members of a sweep that are done, in its run directory.

    ``members.jsonl`` grows by whole lines, in one write that is synchronised with the disk for each chunk; a last line
    that a kill has cut short does not count. A line holds the digests of the member's files, so that a file that did
    not reach the disk is found missing, and not every small file has to be synchronised.

    Parameters
    ----------
    folder : Path
        The run directory.
    count : int
        Number of members of the sweep.

    Attributes
    ----------
    results : dict of MemberResult
        What is done, by member, without fields.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self._count = count
        self.results: dict[int, MemberResult] = {}

    def member_folder(self, member: int) -> Path:
        """Return the directory of a member: ``members/0042``."""
        return self.folder / "members" / f"{member:04d}"

    def recover(self) -> None:
        """Read what an earlier run has done; members whose failure need not come again are not done."""
        path = self.folder / NAME
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise OutputError(f"{path}: cannot be read ({error.strerror or error})") from error
        whole = whole_lines(content)
        if len(whole) < len(content):
            os.truncate(path, len(whole))
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                result = self._recovered(entry)
            except (ValueError, KeyError, TypeError, OSError, FdmagError):
                continue  # that member is computed again
            if result is not None and result.member not in self.results:
                self.results[result.member] = result

    def add(self, results: Iterable[MemberResult], mesh: Mesh) -> list[MemberResult]:
        """Keep the results of members; return those that are new: a member counts once."""
        fresh = [result for result in results if result.member not in self.results]
        lines = b""
        for result in fresh:
            lines += json.dumps(self._entry(result, mesh)).encode() + b"\n"
        self._append(lines)
        for result in fresh:
            self.results[result.member] = replace(result, fields={}, files={})
        return fresh

    def _entry(self, result: MemberResult, mesh: Mesh) -> dict[str, Any]:
        status = "finished" if not result.error else "failed" if result.lasting else "lost"
        entry: dict[str, Any] = {"member": result.member, "status": status}
        if result.error:
            return entry | {"error": result.error}
        folder = self.member_folder(result.member)
        assert result.table is not None
        files = {TABLE: table_text(result.table)} | result.files
        try:
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror or error})") from error
        if result.fields:
            write_vti(folder / "m.vti", mesh, result.fields)
            entry["fields"] = sorted(result.fields)
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        entry |= {"sha256": digests.pop(TABLE), "device": result.device}
        entry |= ({"files": digests} if digests else {}) | ({"switching": result.switching} if result.switching else {})
        entry |= {"precision": result.precision, "together": result.together, "wall_time_s": result.seconds}
        return entry | {key: result.counts.get(key, 0) for key in _KEPT}

    def _recovered(self, entry: dict[str, Any]) -> MemberResult | None:
        member, status = int(entry["member"]), entry["status"]
        if not 0 <= member < self._count or status == "lost":
            return None
        if status == "failed":
            return MemberResult(member, str(entry["error"]))
        folder = self.member_folder(member)
        if entry.get("fields") and not (folder / "m.vti").is_file():
            return None
        for name, digest in {TABLE: entry["sha256"], **entry.get("files", {})}.items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                return None
        counts = {key: int(entry[key]) for key in _KEPT}
        result = MemberResult(member, "", True, None, counts, str(entry["device"]), str(entry["precision"]),
                              float(entry["wall_time_s"]), int(entry["together"]),
                              switching=entry.get("switching", []))  # fmt: skip
        read_files(result, folder)
        return result

    def _append(self, lines: bytes) -> None:
        path = self.folder / NAME
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | BINARY_FLAG, 0o666)
            before = os.fstat(descriptor).st_size
            try:
                written = 0
                while written < len(lines):
                    written += os.write(descriptor, lines[written:])
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
            finally:
                os.close(descriptor)
        except OSError as error:
            free = shutil.disk_usage(self.folder).free
            raise OutputError(
                f"{path}: cannot be written ({error.strerror or error}; {free / 1e6:.0f} MB are free)"
            ) from error
