"""Passwords that many people choose are refused, whatever stands around them (tools/plain/commonwords.py)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tools.plain import commonwords


class CommonWordsValidator(CommonPasswordValidator):
    """Django's 20,000 and the Japanese ones: in NFKC, casefolded, without signs and digits around them, one or two together."""

    def validate(self, password: str, user: Any = None) -> None:
        bare = commonwords.bare(password)
        if commonwords.is_common(password) or {commonwords.plain(password), bare} & self.passwords:
            raise ValidationError(
                _("よく使われる言葉と数字だけのパスワードです。関係のない言葉を、いくつか並べてください。"),
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        return _("よく使われる言葉や名前、年だけのパスワードは使えません。")
