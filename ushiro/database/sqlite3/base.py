from django.db.backends.sqlite3 import base

from ushiro.database.before_commit import BeforeCommit


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    pass
