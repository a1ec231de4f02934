"""A PostgreSQL server of its own, for the tests that need one."""

import database
import pytest


@pytest.fixture(scope="session")
def postgresql(postgresql_server):
    """Address of a database on a server that lives as long as the tests."""
    return postgresql_server.url


@pytest.fixture(scope="session")
def postgresql_server():
    """A server of its own, which has to run again at the end of a test that stops it."""
    pytest.importorskip("psycopg")
    if database.programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with database.server() as server:
        yield server
