"""Writing results: tables, ParaView and OVF files, provenance; never half-written."""

from fdmag.output.files import atomic_write
from fdmag.output.ovf import write_ovf
from fdmag.output.ovf_read import OvfData, read_ovf
from fdmag.output.provenance import machine_info, write_json
from fdmag.output.table import Table
from fdmag.output.table_data import TableData, read_table
from fdmag.output.vtk import PvdSeries, write_vti
from fdmag.output.vtk_read import VtiData, read_vti

__all__ = [
    "OvfData",
    "PvdSeries",
    "Table",
    "TableData",
    "VtiData",
    "atomic_write",
    "machine_info",
    "read_ovf",
    "read_table",
    "read_vti",
    "write_json",
    "write_ovf",
    "write_vti",
]
