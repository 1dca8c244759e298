"""What of a text is a secret of this house's letters: links that act for their reader, addresses that are answered to,
and Message-IDs by which a bounce proves itself. Taken out before anybody else reads the text. Plain Python.

By runs of ASCII without spaces, once through. A link that a mail program broke over two lines is taken with its rest, one
that a mail filter wrapped (`…?url=https%3A%2F%2F…`) with its wrapping. In doubt too much goes: the sender has the mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

MARK = "[…]"
_RUN = re.compile(r"[!#-;=?-~]+")  # ASCII that may stand in an address; not space, quote, < and >
# How Django signs: payload, time and mark, whatever stands before it.
_SIGNED = re.compile(r"[\w-]:[A-Za-z0-9]{5,7}:[\w-]{27}", re.ASCII)
_REST = re.compile(
    r"\r?\n[ \t>]{0,60}(?=[a-z=.]{0,300}[0-9A-Z_:-])[A-Za-z0-9_:=.-]{6,300}/?[>)\]]*[ \t]{0,60}(?=\r?\n|\Z)"
)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SECRET_PATHS = ("m", "feed", "setup", "account")


@dataclass(frozen=True)
class Marks:
    """site: where the house is reached, as `https://ushiro.example.jp`. inbound: the address to which people answer, or "".

    id_domain: behind the @ of our Message-IDs.
    """

    site: str
    inbound: str = ""
    id_domain: str = ""

    def are_in(self, text: str) -> bool:
        """Whether the text holds one of them."""
        return self.without(text) != text

    def without(self, text: str) -> str:
        """The text with MARK in the place of each.

        >>> Marks("https://u.example.jp").without("これです https://u.example.jp/m/due/abc:1xyz:def/ と")
        'これです […] と'
        """
        out: list[str] = []
        at = 0
        for run in _RUN.finditer(text):
            if run.start() < at or not self._is_secret(run[0]):
                continue
            out += [text[at : run.start()], MARK]
            at = run.end()
            # A link of ours ends with a slash; what does not goes on in the next line.
            broken = ("/" in run[0] or "%2F" in run[0]) and not run[0].rstrip(")].,;").endswith("/")
            if broken and (rest := _REST.match(text, at)):
                at = rest.end()
        return "".join([*out, text[at:]])

    def _is_secret(self, run: str) -> bool:
        if len(run) < 8:
            return False
        plain = run
        for _layer in range(3):  # as often as filters wrap what filters have wrapped
            if self._is_plain_secret(plain):
                return True
            if "%" not in plain and "=3D" not in plain:
                return False
            plain = unquote(plain.replace("=3D", "="), errors="replace")
        return self._is_plain_secret(plain)

    def _is_plain_secret(self, run: str) -> bool:
        low = run.lower()
        host = urlsplit(self.site).netloc.lower()
        if host and any(f"{host}/{path}/" in low for path in _SECRET_PATHS):
            return True
        if _SIGNED.search(run):
            return True
        local, _at, _domain = self.inbound.lower().rpartition("@")
        if local and re.search(re.escape(local) + r"\+[rdnb][0-9a-z]*-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+", low):
            return True
        return bool(re.search(_UUID + "@" + re.escape(self.id_domain.lower()), low)) if self.id_domain else False
