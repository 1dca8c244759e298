from django.db.backends.postgresql import base

from ushiro.database.before_commit import BeforeCommit


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    pass
