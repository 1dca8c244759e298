from datetime import date

import factory

from incidents import models
from incidents.enums import Strength
from tests.factories.cause import RootCauseFactory
from tests.factories.incident import IncidentFactory


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
