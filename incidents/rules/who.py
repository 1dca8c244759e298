"""Who may read, write and lead."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from incidents.enums import EDITING_ROLES, Role
from incidents.errors import NotAllowed


def may_edit(role: str | None) -> bool:
    """Members and leads write; viewers read; strangers do not know that the record exists."""
    return role in EDITING_ROLES


def refuse_unless_editor(role: str | None) -> None:
    """Raises NotAllowed for a viewer."""
    if not may_edit(role):
        raise NotAllowed(
            "viewer",
            _("閲覧の役割では変更できません。"),
            _("変更が必要なときは、チームのリーダーに役割の変更を頼んでください。"),
        )


def refuse_unless_lead(role: str | None) -> None:
    """Raises NotAllowed for everybody but a lead."""
    if role != Role.LEAD:
        raise NotAllowed("not_lead", _("この操作はリーダーが行います。"), _("チームのリーダーに頼んでください。"))
