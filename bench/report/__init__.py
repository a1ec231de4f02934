"""Effects and records -> figures, tables, one HTML page, one Markdown page. Sees only frames and files."""

from bench.report.page import write

__all__ = ["write"]
