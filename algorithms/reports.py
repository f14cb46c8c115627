"""The one report writer: a self-contained HTML page of headings, paragraphs and tables."""
from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = ("body{font-family:sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
         "table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #bbb;padding:.3em .6em;text-align:left;"
         "vertical-align:top}th{background:#eee}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.6em}"
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

    def write(self, path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(PAGE.format(title=escape(self._title), style=STYLE, body="".join(self._parts)))
