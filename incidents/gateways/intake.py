"""What an upload is before a record knows of it: looked at, then kept on the disk. The verb that makes it part of a
record comes after; what no row tells of an hour later is swept (hardening.md, invariant I5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from incidents.errors import Refused
from incidents.gateways import filestore, filetype, metadata, scan
from tools.plain.filenames import cleaned, ending


@dataclass(frozen=True)
class Received:
    """A file whose bytes lie on the disk under `path`, named by their hash. domain.attachment.keep takes it."""

    name: str
    media_type: str
    size: int
    sha256: str
    path: str


def receive(upload: Any) -> Received:
    """Look at an upload and keep its bytes, of a picture only what it shows. Nothing is left behind when it is refused.

    upload: a readable, seekable file with `name` and `size`; with `flaw` when its bytes did not arrive (ushiro.uploads).
    Raises Refused.
    """
    _refuse_flaw(getattr(upload, "flaw", ""))
    if upload.size > settings.UPLOAD_FILE_BYTES:
        _refuse_flaw("too_large")
    name = name_of(upload)
    try:
        kind = filetype.look(upload, upload.size)
    except filetype.Bad as bad:
        _refuse_flaw(bad.flaw)
        raise
    if not filetype.fits(kind, ending(name)):
        raise Refused(
            "file_ending",
            _("名前の終わりと中身が合いません。中身は %(kind)s です。")
            % {"kind": {"text": _("文字"), "eml": _("メール")}.get(kind, kind.upper())},
            _("名前の終わりを .%(ending)s に直すか、正しいファイルを選んでください。")
            % {"ending": filetype.KINDS[kind].endings[0]},
            "attachments",
        )
    try:
        stored = filestore.store(metadata.pieces(kind, upload), look=scan.refuse_infected)
    except filestore.NotStored as fault:
        _refuse_flaw("full" if fault.full else "unwritable")
        raise
    return Received(name, filetype.KINDS[kind].media_type, stored.size, stored.sha256, stored.name)


def name_of(upload: Any) -> str:
    """What the upload is called here."""
    return cleaned(str(upload.name or ""), nameless=_("添付"))


def named(upload: Any, refusal: Refused) -> str:
    """A refusal with the name of the file that it is about."""
    # Translators: which file, and why it was not taken.
    return _("「%(name)s」: %(why)s") % {"name": name_of(upload), "why": refusal.sentence()}


def _refuse_flaw(flaw: str) -> None:
    """Raises Refused for what is wrong with a file; "" is nothing."""
    if not flaw:
        return
    for of in (_room, _danger, _shape):
        if (refusal := of(flaw)) is not None:
            raise refusal
    raise AssertionError(flaw)


def _room(flaw: str) -> Refused | None:
    again = _("ファイルは記録していません。管理者に知らせ、空きができてからもう一度お試しください。")
    if flaw == "too_large":
        return Refused(
            "file_too_large",
            _("大きすぎます。一つ %(most)s MB までです。") % {"most": settings.UPLOAD_FILE_BYTES >> 20},
            _("小さくするか、置き場所のリンクを経緯に書いてください。"),
            "attachments",
        )
    if flaw == "full":
        return Refused("storage_full", _("ファイルの置き場所に空きがありません。"), again, "attachments")
    if flaw == "unwritable":
        return Refused("storage_unwritable", _("ファイルの置き場所に書き込めません。"), again, "attachments")
    return None


def _danger(flaw: str) -> Refused | None:
    if flaw == "program":
        return Refused(
            "file_program",
            _("プログラムか、プログラムや別の書庫の入った ZIP のため、受け取れません。"),
            _("見せたい画面は、画像か PDF にして添えてください。"),
            "attachments",
        )
    if flaw == "page":
        return Refused(
            "file_page",
            _("Web ページ（HTML・SVG・XML）のため、受け取れません。"),
            _("PDF か画像にして添えてください。"),
            "attachments",
        )
    if flaw == "macros":
        return Refused(
            "file_macros",
            _("マクロの入った Office 文書のため、受け取れません。"),
            _("マクロのない形（.docx・.xlsx・.pptx）か PDF で保存し直してください。"),
            "attachments",
        )
    if flaw == "encrypted":
        return Refused(
            "file_encrypted",
            _("パスワードで閉じられているため、中を確かめられません。"),
            _("パスワードを外したものを添えてください。"),
            "attachments",
        )
    return None


def _shape(flaw: str) -> Refused | None:
    if flaw == "bomb":
        return Refused(
            "file_bomb",
            _("開くととても大きくなる ZIP のため、受け取れません。"),
            _("要るものだけを選んで、まとめ直してください。"),
            "attachments",
        )
    if flaw == "broken":
        return Refused(
            "file_broken",
            _("途中で切れているか、壊れています。"),
            _("元のファイルが開けることを確かめて、もう一度選んでください。"),
            "attachments",
        )
    if flaw == "double":
        return Refused(
            "file_double",
            _("中に別の種類のファイルが重ねられています。"),
            _("元のソフトで保存し直してください。"),
            "attachments",
        )
    if flaw == "empty":
        return Refused("file_empty", _("中身がありません。"), _("正しいファイルを選んでください。"), "attachments")
    if flaw == "unknown":
        return Refused(
            "file_unknown",
            _("受け取れる種類のファイルではありません。"),
            _(
                "PDF、画像（PNG・JPEG・GIF・WebP・HEIC・TIFF）、Word・Excel・PowerPoint、メール、文字、ZIP を添えられます。"
            ),
            "attachments",
        )
    return None
