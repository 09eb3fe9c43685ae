"""Data sets on disk."""

from skaudeep.io._netcdf import read_netcdf, write_netcdf
from skaudeep.io._writer import NetCDFWriter

__all__ = ["NetCDFWriter", "read_netcdf", "write_netcdf"]
