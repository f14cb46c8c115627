"""The one report writer: a self-contained HTML page of headings, paragraphs, tables and pictures."""
from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = ("body{font-family:sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
         "table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #bbb;padding:.3em .6em;text-align:left;"
         "vertical-align:top}th{background:#eee}pre{background:#f6f6f6;padding:.6em;overflow-x:auto}img{max-width:100%}"
         "figcaption{color:#555}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.6em}"
         ".bad{color:#a40000}")
PAGE = ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>'
        "<body>{body}</body></html>\n")


class Report:
    """Collects the parts of a page; all text is escaped."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts = [f"<h1>{escape(title)}</h1>"]

    def heading(self, text: str) -> None:
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def paragraph(self, text: str, bad: bool = False) -> None:
        kind = ' class="bad"' if bad else ""
        self._parts.append(f"<p{kind}>{escape(text)}</p>")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        cells = "".join(f"<th>{escape(name)}</th>" for name in head)
        body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
        self._parts.append(f"<table><tr>{cells}</tr>{body}</table>")

    def preformatted(self, text: str) -> None:
        """Text whose line breaks and columns matter, such as a printed tree."""
        self._parts.append(f"<pre>{escape(text)}</pre>")

    def figure(self, figure: Figure, caption: str) -> None:
        """A plot, embedded as PNG; make it as Figure(), not by pyplot, which isn't safe on threads."""
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
        encoded = base64.b64encode(image.getvalue()).decode("ascii")
        self._parts.append(f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{encoded}">'
                           f"<figcaption>{escape(caption)}</figcaption></figure>")

    def write(self, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(PAGE.format(title=escape(self._title), style=STYLE, body="".join(self._parts)))
