"""`manage.py up`: PostgreSQL, Redis, web, worker and sweeper as children of one process (ADR 2).

`runtime`, `launch`, `postgres` and `redis` need no Django: the tests' plugin starts the same services with them.
"""
