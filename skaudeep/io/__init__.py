"""Data sets on disk."""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_arff": ("read_arff", "write_arff"),
    "_csv": ("read_csv", "write_csv"),
    "directories": ("export_dataset", "import_dataset"),
    "netcdf": ("read_netcdf", "write_netcdf"),
    "writer": ("NetCDFWriter",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
