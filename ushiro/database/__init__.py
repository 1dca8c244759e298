"""Django's two databases with one hook more: what has to be done last in a transaction, and in it.

`ushiro.database.sqlite3` and `ushiro.database.postgresql` are Django's backends with `BeforeCommit` in front.
"""
