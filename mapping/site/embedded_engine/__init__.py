"""Django's engine for the PostgreSQL that comes with the project: one that died is started
again.
"""
