"""The project's jobs: `nox -l` lists them, `nox -s NAME -- ARGUMENTS` runs one."""

import nox

nox.options.sessions = ["tests", "lint"]
# pip, not uv: the CPU build of the pinned torch may come from where only pip looks.
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True

PYPROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> list[str]:
    """Requirements of a dependency group of pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, name)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite; arguments go to pytest."""
    session.install("-e", ".", *group("test"))
    session.run("pytest", "-n", "2", "--dist", "loadfile", *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session(default=False)
def keras(session: nox.Session) -> None:
    """Compare the recipes of Keras's tutorials with Keras itself, ten steps each."""
    session.install("-e", ".[keras]", *group("test"))
    session.run("pytest", "tests/gan/test_against_keras.py", *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(default=False)
def sweep(session: nox.Session) -> None:
    """Train the planned combinations of hacks and write the report: the main job."""
    session.install("-e", ".")
    session.run("ganbench", "sweep", *session.posargs)


@nox.session(default=False)
def report(session: nox.Session) -> None:
    """Write the report of a finished sweep again: `nox -s report -- NAME`."""
    session.install("-e", ".")
    session.run("ganbench", "report", *session.posargs)


@nox.session(default=False)
def dashboard(session: nox.Session) -> None:
    """Watch a sweep in the browser: `nox -s dashboard -- NAME`."""
    session.install("-e", ".[dashboard,postgres]")
    session.run("python", "-m", "bench.runner.dashboard", *session.posargs)
