"""The text of an HTML mail, as somebody would read it aloud. Nothing in it is run, loaded or believed.

One pass over the source, so that no shape of it costs more than its length; Python's own HTML parser takes the square
of it for some (CVE-2025-6069). What is quoted (blockquote) comes out with `> ` before its lines, as text mail has it.
"""

from __future__ import annotations

import html
import re

_SILENT = {"script", "style", "head", "title", "noscript", "template", "svg", "math", "object", "iframe", "textarea"}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "html", "li", "main", "nav", "ol", "pre", "section", "table", "tbody",
    "tr", "ul",
}  # fmt: skip
_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9:]{0,20}")
_OPENS = re.compile(r"<(?:[!?]|/?[A-Za-z])")  # any other < is only a sign
_BLANKS = re.compile(r"[ \t\r\n\f]+")
DEEPEST = 20


class _Reader:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.pre = 0

    def say(self, text: str) -> None:
        text = html.unescape(text)
        if self.pre:
            first, *rest = re.split(r"\r\n?|\n", text)
            self.line.append(first)
            for one in rest:
                self.end(force=True)
                self.line.append(one)
            return
        text = _BLANKS.sub(" ", text)
        if text != " " or (self.line and not self.line[-1].endswith(" ")):
            self.line.append(text)

    def end(self, *, force: bool = False) -> None:
        text = "".join(self.line).replace("\xa0", " ")
        text = text.rstrip() if self.pre else text.strip(" ")
        self.line = []
        if text or force:
            self.lines.append("> " * min(self.quotes, DEEPEST) + text)

    def tag(self, name: str, closing: bool) -> None:
        if name == "br":
            self.end(force=True)
        elif name == "p":
            self.end()
            if self.lines and self.lines[-1].strip("> "):
                self.end(force=True)
        elif name == "hr" and not closing:
            self.end()
            self.lines.append("> " * min(self.quotes, DEEPEST) + "_" * 32)
        elif name in {"td", "th"} and closing:
            self.line.append("\t")
        elif name in _BLOCKS:
            self.end()
            if name == "blockquote":
                self.quotes = max(0, self.quotes + (-1 if closing else 1))
            elif name == "pre":
                self.pre = max(0, self.pre + (-1 if closing else 1))
            elif name == "li" and not closing:
                self.line.append("・")


def text_of(source: str) -> str:
    """HTML in words. Never raises; takes time in proportion to the length.

    >>> text_of("<p>了解です。</p><script>x()</script><blockquote>元の文</blockquote>")
    '了解です。\\n\\n> 元の文'
    """
    reader, at, end = _Reader(), 0, len(source)
    missing: set[str] = set()  # closings that were looked for and do not come any more
    while at < end:
        begins = _OPENS.search(source, at)
        if not begins:
            reader.say(source[at:])
            break
        opens = begins.start()
        if opens > at:
            reader.say(source[at:opens])
        if source.startswith("<!--", opens):
            at = _behind(source, "-->", opens + 4, missing)
            continue
        found = _NAME.match(source, opens + 1)
        if not found:  # <!DOCTYPE …>, <?xml …>
            at = _behind(source, ">", opens + 1, missing)
            continue
        name = found[0].lower()
        at = _behind(source, ">", found.end(), missing)
        if name in _SILENT:
            at = _silence(source, name, at, missing)
            continue
        reader.tag(name.lstrip("/"), name.startswith("/"))
    reader.end()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(reader.lines)).strip("\n ")


def _behind(source: str, mark: str, at: int, missing: set[str]) -> int:
    found = -1 if mark in missing else source.find(mark, at)
    if found < 0:
        missing.add(mark)
        return len(source)
    return found + len(mark)


def _silence(source: str, name: str, at: int, missing: set[str]) -> int:
    """The place behind what is not read aloud. Without its end nothing is left out: better words too many than none."""
    if name in missing:
        return at
    found = re.compile(f"</{name}", re.IGNORECASE).search(source, at)
    if not found:
        missing.add(name)
        return at
    return _behind(source, ">", found.end(), missing)
