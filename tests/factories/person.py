import factory

from incidents import models


class PersonFactory(factory.django.DjangoModelFactory):
    """Somebody without a team; their password is "kintsugi-of-autumn"."""

    class Meta:
        model = models.Person
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.jp")
    name = factory.Sequence(lambda n: f"山田 {n}子")

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **_: object) -> None:
        self.set_password(extracted or "kintsugi-of-autumn")
        if create:
            self.save(update_fields=["password"])
