"""Pages for a browser: each is one file that needs nothing else, neither a server nor the network."""

from skaudeep.pages._explorer import ExplorerPage, write_explorer
from skaudeep.pages._report import write_report

__all__ = ["ExplorerPage", "write_explorer", "write_report"]
