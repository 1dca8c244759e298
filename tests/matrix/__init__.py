"""The authorisation matrix: every address, method and principal, generated from the URL table (hardening 3a).

rules.py is the table, one line a route; walk.py finds the routes; world.py makes two teams whose texts carry canaries;
cells.py asks each cell and judges the answer; verbs.py calls each verb directly; mutate.py removes the checks one by one.
"""
