from datetime import date

import factory

from incidents import models
from incidents.enums import Strength
from tests.factories.cause import RootCauseFactory
from tests.factories.incident import IncidentFactory
from tests.factories.person import PersonFactory


class CountermeasureFactory(factory.django.DjangoModelFactory):
    """A proposed measure with a root cause and a before/after; owner and date are given by the test."""

    class Meta:
        model = models.Countermeasure

    incident = factory.SubFactory(IncidentFactory)
    root = factory.SubFactory(RootCauseFactory, incident=factory.SelfAttribute("..incident"))
    title = "送信前に宛先と社名を突き合わせる画面を出す"
    before = "宛先を手で選んでそのまま送る"
    after = "社名が違うと送信ボタンが押せない"
    strength = Strength.IMPOSSIBLE


class EffectCheckFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.EffectCheck

    measure = factory.SubFactory(CountermeasureFactory)
    what = "誤送信の件数"
    threshold = "90日間 0件"
    check_on = date(2027, 3, 1)


class DueRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = models.DueRequest

    measure = factory.SubFactory(CountermeasureFactory)
    due_on = date(2026, 12, 25)
    old_due_on = date(2026, 12, 11)
    reason = "画面の改修が一週おくれるため"
    asked_by = factory.SubFactory(PersonFactory)
