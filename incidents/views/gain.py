from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from incidents.domain import gain as verbs
from incidents.forms.gain import GainForm
from incidents.queries import access
from incidents.views.base import act, page, render_page


@page
def tell(request: HttpRequest, pk: int) -> HttpResponse:
    """減ったもの: what a measure in force took away, written or corrected at any time."""
    measure = access.get_measure(by=request.user, pk=pk, to="edit")
    initial = {name: getattr(measure, name) for name in verbs.FIELDS}
    posted = request.POST if request.method == "POST" else None  # both may be empty
    form = GainForm(posted, initial=initial, standing=list(initial.values()))
    verb = partial(verbs.tell_gain, measure)
    said = _("減ったものを書きました。")
    if answer := act(request, form, verb, said=said, to=measure.get_absolute_url(), over=measure):
        return answer
    context = {
        "form": form,
        "incident": measure.incident,
        "title": _("この対策で減ったもの"),
        "lead": measure.title,
        "draft": f"gain-{measure.pk}",
    }
    return render_page(request, "incidents/form.html", context)
