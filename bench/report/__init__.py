"""Effects and records -> figures, tables, one HTML page, one Markdown page. Sees only frames and files."""

from bench.report.comparison import write_comparison
from bench.report.overview import write_overview
from bench.report.page import write
from bench.report.together import write_several, write_together

__all__ = ["write", "write_comparison", "write_overview", "write_several", "write_together"]
