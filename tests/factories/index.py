from incidents.domain import search


def indexed(*incidents) -> None:
    """The index as the verbs would have written it, for records that a test made without them."""
    search.write([incident.pk for incident in incidents])
