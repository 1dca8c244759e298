"""All page paths, grouped by noun, in the order of a user's day."""

from django.urls import path

from incidents.views import (
    cause,
    check,
    containment,
    countermeasure,
    due_request,
    incident,
    letter,
    links,
    paste,
    person,
    question,
    setup,
    timeline,
    today,
)

urlpatterns = [
    path("", today.today, name="today"),
    # Incident
    path("incidents/", incident.incident_list, name="incident-list"),
    path("incidents/new/", incident.new, name="incident-new"),
    path("incidents/<str:key>/", incident.detail, name="incident"),
    path("incidents/<str:key>/edit/", incident.edit, name="incident-edit"),
    path("incidents/<str:key>/first-report/", incident.first_report, name="incident-first-report"),
    path("incidents/<str:key>/first-report/waive/", incident.waive_first_report, name="incident-waive"),
    path("incidents/<str:key>/end/", incident.end, name="incident-end"),
    path("incidents/<str:key>/reopen/", incident.reopen, name="incident-reopen"),
    path("incidents/<str:key>/history/", incident.history, name="incident-history"),
    # Facts
    path("incidents/<str:key>/timeline/", timeline.whole, name="incident-timeline"),
    path("entries/<int:pk>/addendum/", timeline.amend, name="entry-addendum"),
    path("incidents/<str:key>/paste/", paste.new, name="incident-paste"),
    path("pastes/<int:pk>/", paste.lines, name="paste"),
    path("incidents/<str:key>/questions/new/", question.ask, name="incident-question"),
    path("questions/<int:pk>/answer/", question.answer, name="question-answer"),
    path("questions/<int:pk>/due/", question.move, name="question-due"),
    path("questions/<int:pk>/hand-over/", question.hand_over, name="question-hand-over"),
    path("questions/<int:pk>/drop/", question.drop, name="question-drop"),
    path("incidents/<str:key>/containment/", containment.record, name="incident-containment"),
    path("containments/<int:pk>/lift/", containment.lift, name="containment-lift"),
    # Cause
    path("incidents/<str:key>/whys/", cause.ask, name="incident-why"),
    path("incidents/<str:key>/whys/hint/", cause.hint, name="incident-why-hint"),
    path("incidents/<str:key>/causes/", cause.picture, name="incident-causes"),
    path("whys/<int:pk>/evidence/", cause.prove, name="why-evidence"),
    path("whys/<int:pk>/withdraw/", cause.withdraw, name="why-withdraw"),
    path("roots/<int:pk>/unmark/", cause.unmark, name="root-unmark"),
    path("whys/<int:pk>/root-cause/", cause.mark_root, name="why-root"),
    path("roots/<int:pk>/accept/", cause.accept_risk, name="root-accept"),
    # Countermeasure and its proof
    path("incidents/<str:key>/measures/new/", countermeasure.new, name="measure-new"),
    path("measures/<int:pk>/", countermeasure.edit, name="measure-edit"),
    path("measures/<int:pk>/start/", countermeasure.start, name="measure-start"),
    path("measures/<int:pk>/done/", countermeasure.done, name="measure-done"),
    path("measures/<int:pk>/due/", due_request.ask, name="measure-due"),
    path("due-requests/<int:pk>/grant/", due_request.grant, name="due-request-grant"),
    path("due-requests/<int:pk>/refuse/", due_request.refuse, name="due-request-refuse"),
    path("measures/<int:pk>/hand-over/", countermeasure.hand_over, name="measure-hand-over"),
    path("measures/<int:pk>/not-doing/", countermeasure.not_doing, name="measure-not-doing"),
    path("checks/<int:pk>/", check.outcome, name="check"),
    path("checks/<int:pk>/hand-over/", check.hand_over, name="check-hand-over"),
    path("seams/", countermeasure.seams, name="seam-list"),
    # Letters
    path("letters/", letter.outbox, name="letter-list"),
    path("letters/today/", letter.write_today, name="letter-write-today"),
    path("letters/<int:pk>/", letter.detail, name="letter"),
    path("letters/<int:pk>/mail/", letter.as_mail, name="letter-mail"),
    path("m/<str:token>/", links.done, name="mail-done"),
    # The person, the installation
    path("preferences/", person.preferences, name="preferences"),
    path("setup/<str:token>/", setup.setup, name="setup"),
    path("healthz", setup.healthz, name="healthz"),
]
