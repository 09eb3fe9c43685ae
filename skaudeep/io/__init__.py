"""Data sets on disk."""

from skaudeep.io._netcdf import read_netcdf, write_netcdf

__all__ = ["read_netcdf", "write_netcdf"]
