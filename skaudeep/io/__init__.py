"""Data sets on disk."""

import skaudeep.io._forks  # noqa: F401
from skaudeep.io._arff import read_arff, write_arff
from skaudeep.io._csv import read_csv, write_csv
from skaudeep.io._directories import export_dataset, import_dataset
from skaudeep.io._netcdf import read_netcdf, write_netcdf
from skaudeep.io._writer import NetCDFWriter

__all__ = [
    "NetCDFWriter",
    "export_dataset",
    "import_dataset",
    "read_arff",
    "read_csv",
    "read_netcdf",
    "write_arff",
    "write_csv",
    "write_netcdf",
]
