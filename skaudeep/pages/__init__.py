"""Pages for a browser: each is one file that needs nothing else, neither a server nor the network."""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_comparison": ("write_comparison",),
    "_explorer": ("ExplorerPage", "write_explorer"),
    "_report": ("write_report",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
