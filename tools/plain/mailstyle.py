"""The look of a letter, without a style inside its tags: what a page shows whose policy forbids those.

Mail programs know no style sheets, so each tag of a letter carries its own style. A page of ours has a content policy
that allows a style sheet with the answer's nonce and nothing else. Here each style becomes a class of such a sheet; a
class of one letter's page wins over nothing and loses to nothing, for a letter has no other style.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"<[A-Za-z][^<>]*>")
_STYLE = re.compile(r"\sstyle=\"([^\"]*)\"", re.IGNORECASE)
_CLASS = re.compile(r"(\sclass=\")", re.IGNORECASE)
# What could end the sheet, begin another rule or load something. No letter of ours says it.
_UNWANTED = re.compile(r"[<>{}@\\]|/\*|url\s*\(|expression\s*\(|import", re.IGNORECASE)


def taken_out(text: str) -> tuple[str, str]:
    """(the letter without a style in its tags, the style sheet that gives it the same look).

    A style that could do more than look is left out.

    >>> taken_out('<p style="color:red">a</p><p style="color:red">b</p>')
    ('<p class="m1">a</p><p class="m1">b</p>', '.m1{color:red}')
    >>> taken_out('<p style="background:url(//x.example/a)">style="c"</p>')
    ('<p>style="c"</p>', '')
    """
    names: dict[str, str] = {}

    def tag(found: re.Match[str]) -> str:
        whole = found[0]
        style = _STYLE.search(whole)
        if style is None:
            return whole
        bare = _STYLE.sub("", whole)
        look = html.unescape(style[1]).strip().rstrip(";")
        if not look or _UNWANTED.search(look):
            return bare
        name = names.setdefault(look, f"m{len(names) + 1}")
        if _CLASS.search(bare):
            return _CLASS.sub(rf"\g<1>{name} ", bare, count=1)
        head = re.match(r"<[A-Za-z][A-Za-z0-9]*", bare)
        assert head is not None
        return f'{head[0]} class="{name}"{bare[head.end() :]}'

    shown = _TAG.sub(tag, text)
    return shown, "\n".join(f".{name}{{{look}}}" for look, name in names.items())


def with_sheet(text: str, nonce: str) -> str:
    """The letter with its look in one sheet that carries the nonce.

    >>> with_sheet('<html><head></head><body style="margin:0">a</body></html>', "n0")
    '<html><head><style nonce="n0">.m1{margin:0}</style></head><body class="m1">a</body></html>'
    """
    shown, sheet = taken_out(text)
    if not sheet:
        return shown
    element = f'<style nonce="{html.escape(nonce)}">{sheet}</style>'
    if "</head>" in shown:
        return shown.replace("</head>", f"{element}</head>", 1)
    return element + shown
