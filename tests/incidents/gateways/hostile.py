"""Addresses that somebody could type to reach what is not theirs, each with the word by which it is refused.

PORT stands for the port of a listener on the loopback that counts who comes. Names ending in .example are answered by
NAMES in place of a name server.
"""

from __future__ import annotations

# What a name server under somebody's control may answer.
NAMES: dict[str, list[str]] = {
    "loop.example": ["127.0.0.1"],
    "loop-far.example": ["127.255.255.254"],
    "zero.example": ["0.0.0.0"],
    "loop6.example": ["::1"],
    "any6.example": ["::"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mapped-public.example": ["::ffff:8.8.8.8"],
    "compatible.example": ["::127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "nat64-own.example": ["64:ff9b:1::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::1"],
    "sixtofour-lan.example": ["2002:c0a8:101::"],
    "teredo.example": ["2001:0:7f00:1::1"],
    "isatap.example": ["2600::5efe:127.0.0.1"],
    "isatap-global.example": ["2600::200:5efe:7f00:1"],
    "metadata.example": ["169.254.169.254"],
    "metadata6.example": ["fd00:ec2::254"],
    "metadata-ali.example": ["100.100.100.200"],
    "metadata-azure.example": ["168.63.129.16"],
    "metadata-oracle.example": ["192.0.0.192"],
    "lan10.example": ["10.0.0.5"],
    "lan172.example": ["172.31.255.255"],
    "lan192.example": ["192.168.1.1"],
    "carrier.example": ["100.64.0.1"],
    "bench.example": ["198.18.0.1"],
    "multicast.example": ["224.0.0.1"],
    "multicast6.example": ["ff02::1"],
    "broadcast.example": ["255.255.255.255"],
    "reserved.example": ["240.0.0.1"],
    "doc.example": ["192.0.2.1"],
    "doc6.example": ["2001:db8::1"],
    "doc6-new.example": ["3fff::1"],
    "unique-local.example": ["fc00::1"],
    "link-local6.example": ["fe80::1"],
    "site-local6.example": ["fec0::1"],
    "srv6.example": ["5f00::1"],
    "discard.example": ["100::1"],
    "outside-of-unicast.example": ["4000::1"],
    "anycast-6to4.example": ["192.88.99.1"],
    "mixed.example": ["8.8.8.8", "127.0.0.1"],
    "mixed-last.example": ["8.8.8.8", "9.9.9.9", "1.1.1.1", "10.0.0.1"],
    "mixed6.example": ["2606:4700::1111", "::1"],
    "zone.example": ["fe80::1%1"],
    "nonsense.example": ["not-an-address"],
    "our-site.example": ["203.0.113.9"],
    "xn--wgv71a119e.example": ["127.0.0.1"],
}

_LOCAL_NAMES = (
    "localhost", "LOCALHOST", "LocalHost", "foo.localhost", "a.b.localhost", "localhost.localdomain", "redis", "postgres",
    "db", "metadata", "printer.local", "router.lan", "nas.home", "intranet.corp", "wiki.intranet",
    "metadata.google.internal", "instance-data.ec2.internal", "kubernetes.default.svc.cluster.local", "gateway.home.arpa",
    "1.0.0.127.in-addr.arpa", "hidden.onion", "x.test", "x.invalid", "broadcasthost", "ip6-localhost", "1e1",
)  # fmt: skip
_ODD_NUMBERS = (
    "2130706433", "017700000001", "0x7f000001", "0x7F.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "0x7f.1", "0", "0x0",
    "00000000177.0.0.1", "127.0.0.01", "127.0.0.0x1", "127.0.0.1.", "127.0.0.256", "256.256.256.256", "1.2.3.4.5",
    "3232235777", "0xA9FEA9FE", "2852039166", "169.254.43518", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376",
    "7f000001.0x7f", "foo.0x7f", "foo.127", "127.0.0.1.0", "4294967297", "-1",
)  # fmt: skip
_ODD_NAMES = (
    "loop.example.", "loop..example", ".loop.example", "loop_.example", "-loop.example", "loop-.example",
    "loop%2eexample", "%6c%6f%6f%70.example", "127.0.0.1%00.example", "loop.example%00", "127.0.0.1%2f.example",
    "１２７.0.0.1", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "①②⑦.0.0.1", "ⓛⓞⓞⓟ.example", "ｌｏｏｐ.example", "loop。example",
    "loop．example", "loca\u00adlhost", "l\u200docalhost.example", "loop\u200b.example", "loop\u202e.example", "\u2168.example",
    "K.example\u2100", "a" * 64 + ".example", ("a" * 60 + ".") * 5 + "example", "*.example", "loop.example,8.8.8.8",
    "loop.example;x", "loop.example'", "loop.example!", "loop$.example", "loop&.example", "(loop).example", "loop~.example",
)  # fmt: skip
_BRACKETS = (
    "[::1", "::1", "[::1]x", "[127.0.0.1]", "[loop.example]", "[]", "[::1]]", "[[::1]]", "[v1.x]", "[::1%25lo]", "[::1%lo]",
    "[fe80::1%251]", "[:::1]", "[1::2::3]", "[::ffff:127.0.0.256]", "[12345::]",
)  # fmt: skip
_CLOSED_NUMBERS = (
    "127.0.0.1", "127.0.0.2", "127.255.255.255", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.0.1",
    "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::127.0.0.1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::ffff:8.8.8.8]", "[::FFFF:10.0.0.1]",
    "[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1::1]", "[2001:db8::1]", "[3fff::1]", "[fc00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]",
    "[ff02::1]", "[100::1]", "[5f00::1]", "[2600::5efe:10.0.0.1]",
)  # fmt: skip
_OTHER_SCHEMES = (
    "http://8.8.8.8:PORT/", "http://loop.example:PORT/", "HTTP://127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_x", "file:///etc/passwd", "dict://127.0.0.1:PORT/", "ldap://127.0.0.1:PORT/",
    "javascript:alert(1)", "data:text/plain,x", "//127.0.0.1:PORT/", "/\\127.0.0.1:PORT/", "127.0.0.1:PORT",
    "https:127.0.0.1:PORT/", "https:/127.0.0.1:PORT/", "https:\\\\127.0.0.1:PORT/", " https://127.0.0.1:PORT/",
    "\thttps://127.0.0.1:PORT/", "h\nttps://127.0.0.1:PORT/", "https ://127.0.0.1:PORT/", "url:https://127.0.0.1:PORT/",
    "view-source:https://127.0.0.1:PORT/", "ｈttps://127.0.0.1:PORT/", "wss://127.0.0.1:PORT/", "jar:https://127.0.0.1!/",
    "unix:///var/run/docker.sock", "", "x", "httpss://127.0.0.1:PORT/",
)  # fmt: skip
_USERS = (
    "https://a@127.0.0.1:PORT/", "https://a:b@127.0.0.1:PORT/", "https://8.8.8.8@127.0.0.1:PORT/",
    "https://@127.0.0.1:PORT/", "https://:@127.0.0.1:PORT/", "https://hooks.slack.com@loop.example:PORT/",
    "https://hooks.slack.com:443@loop.example:PORT/", "https://a@b@127.0.0.1:PORT/", "https://127.0.0.1:PORT@8.8.8.8/",
    "https://[::1]@8.8.8.8:PORT/",
)  # fmt: skip
_LINES = (
    "https://8.8.8.8\\@127.0.0.1:PORT/", "https://8.8.8.8:PORT\\.loop.example/", "https://8.8.8.8:PORT/\r\nHost: 127.0.0.1",
    "https://8.8.8.8:PORT/ HTTP/1.1", "https://8.8.8.8:PORT/a\tb", "https://8.8.8.8:PORT/a\x00b", "https://8.8.8.8:PORT/鍵",
    "https://8.8.8.8:PORT/#@127.0.0.1/", "https://8.8.8.8:PORT/a#b", "https://8.8.8.8:PORT#@127.0.0.1:PORT/",
    "https://8.8.8.8:PORT/a\\b", "https://8.8.8.8:PORT/<x>", "https://8.8.8.8:PORT/\x7f", "https://8.8.8.8:PORT/\u2028x",
    "https://8.8.8.8:PORT/" + "a" * 2000,
)  # fmt: skip
_BLANKS = (
    "https://127.0.0.1 :PORT/", "https://127.0.0.1\t:PORT/", "https://127.0.0.1\n:PORT/", "https:// 127.0.0.1:PORT/",
    "https://loop.example\r\n:PORT/", "https://127.0.0.1\x00.example:PORT/", "https:///127.0.0.1:PORT/", "https://",
    "https://?x", "https:///", "https://:PORT/", "https://loop.example\u3000:PORT/", "https://\u00a0127.0.0.1:PORT/",
)  # fmt: skip
_BAD_PORTS = (
    "https://8.8.8.8:80/", "https://8.8.8.8:22/", "https://8.8.8.8:25/", "https://8.8.8.8:6379/", "https://8.8.8.8:5432/",
    "https://8.8.8.8:0/", "https://8.8.8.8:65536/", "https://8.8.8.8:99999/", "https://8.8.8.8:-443/", "https://8.8.8.8:+443/",
    "https://8.8.8.8:0443/", "https://8.8.8.8:44３/", "https://8.8.8.8: 443/", "https://8.8.8.8:443a/", "https://8.8.8.8:/",
    "https://8.8.8.8:4_43/", "https://8.8.8.8:0x1bb/", "https://8.8.8.8:443.0/",
)  # fmt: skip
_OWN = (
    "ushiro.example.jp",
    "USHIRO.example.jp",
    "db.example.jp",
    "cache.example.jp",
    "broker.example.jp",
    "mail.example.jp",
)


def _of(hosts: tuple[str, ...]) -> list[str]:
    return [f"https://{host}:PORT/in" for host in hosts]


HOSTILE: list[tuple[str, str]] = [
    *((url, "local_name") for url in _of(_LOCAL_NAMES)),
    *((url, "bad_host") for url in _of(_ODD_NUMBERS)),
    *((url, "bad_host") for url in _of(_ODD_NAMES)),
    *((url, "bad_host") for url in _of(_BRACKETS)),
    *((url, "not_public") for url in _of(_CLOSED_NUMBERS)),
    *((url, "not_public") for url in _of(tuple(NAMES)) if "our-site" not in url),
    ("https://日本語.example:PORT/in", "not_public"),
    ("https://nobody.example:PORT/in", "unknown_host"),
    ("https://our-site.example:PORT/in", "not_public"),
    *((url, "not_https") for url in _OTHER_SCHEMES),
    *((url, "has_user") for url in _USERS),
    *((url, "bad_address") for url in _LINES),
    *((url, "bad_host") for url in _BLANKS),
    *((url, "bad_port") for url in _BAD_PORTS),
    *((url, "own_host") for url in _of(_OWN)),
]
