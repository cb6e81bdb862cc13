"""Picture: what `draw` returns. It shows itself in a notebook, and saves itself as a file."""

import os
import webbrowser
from pathlib import Path
from typing import Any

from .palette import FONT
from .render import FORMATS, render


class Picture:
    """A drawing as Graphviz text (`source`), rendered when it is asked for.

    digraph: the `graphviz.Digraph` behind it.
    format: what notebooks show, and what a path without a suffix is saved as.
    """

    def __init__(self, digraph: Any, format: str = "svg") -> None:
        if format not in (*FORMATS, "dot"):
            raise ValueError(f"the format {format!r} is not known: choose svg, png, pdf or dot")
        self.digraph, self.format = digraph, format

    @property
    def source(self) -> str:
        """The Graphviz text, the same in every process."""
        return str(self.digraph.source)

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        lines = self.source.count("\n")
        return f"<Picture: {lines} lines of Graphviz; .save('picture.svg') writes it>"

    def pipe(self, format: str = "") -> bytes:
        """The picture as the bytes of a file of the format."""
        format = format or self.format
        return self.source.encode() if format == "dot" else render(self.source, format)

    def svg(self) -> str:
        """The picture as SVG text; what Graphviz repeats at every word is left out or said once."""
        text, font = self.pipe("svg").decode(), f' font-family="{FONT}"'
        if font in text:
            text = text.replace(font, "").replace("<svg", f"<svg{font}", 1)
        return text.replace(' text-anchor="start"', "")

    def save(self, path: "str | os.PathLike[str]", format: str = "") -> str:
        """Writes the picture, .svg, .png, .pdf or .dot, and returns the path."""
        file = Path(path)
        suffix = file.suffix.lower().lstrip(".")
        if suffix not in (*FORMATS, "dot", "gv") or format not in ("", suffix):
            suffix = format or self.format
            file = file.with_name(f"{file.name}.{suffix}")
        file.write_bytes(self.pipe("dot" if suffix == "gv" else suffix))
        return str(file)

    def render(self, filename: "str | os.PathLike[str]" = "graph", *, format: str = "",
               view: bool = False, cleanup: bool = True) -> str:
        """The same as `save`, under the name and with the options that graphviz users know."""
        path = self.save(filename, format)
        if view:
            webbrowser.open(Path(path).absolute().as_uri())
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self.format == "png":
            return {"image/png": self.pipe("png"), "text/plain": repr(self)}
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
