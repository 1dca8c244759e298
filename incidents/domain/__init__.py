"""Verbs. Keyword-only, `by=` names who acts, one transaction each, trace and letters inside it."""
