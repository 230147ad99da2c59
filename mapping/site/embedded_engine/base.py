from django.db.backends.postgresql import base
from psycopg import OperationalError

from mapping.site import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        try:
            return super().get_new_connection(conn_params)
        except OperationalError:
            if not embedded.start_again(self.settings_dict["FOLDER"]):
                raise
            return super().get_new_connection(conn_params)
