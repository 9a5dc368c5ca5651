"""Documents: WeasyPrint behind one function."""

from coordination.documents.pdf import Unrenderable, render_pdf

__all__ = ["Unrenderable", "render_pdf"]
