"""Runs that are made up, and a PostgreSQL server of its own, for the tests that need them."""

import importlib.util
from pathlib import Path

import pytest


def beside(name):
    """A module beside this file."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def made_up():
    """The module `made_up.py` beside this file."""
    return beside("made_up")


@pytest.fixture(scope="session")
def postgresql(postgresql_server):
    """Address of a database on a server that lives as long as the tests."""
    return postgresql_server.url


@pytest.fixture(scope="session")
def postgresql_server():
    """A server of its own, which has to run again at the end of a test that stops it."""
    pytest.importorskip("psycopg")
    database = beside("database")
    if database.programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with database.server() as server:
        yield server
