"""What a sweep began on is what it goes on with, or it is recorded."""

import pytest

from bench.errors import UserError
from bench.plan import make_plan
from bench.runner import sessions
from bench.runner.storage import open_storage
from bench.runner.study import open_study

HERE = {"torch": "2.13.0", "ganbench": "0.1.0", "fingerprint": "f" * 64, "dataset digits": "a" * 64}


@pytest.fixture
def study(tmp_path):
    plan = make_plan("small", ["batch_norm", "placebo"], ["digits"], seeds=1)
    return open_study(plan, open_storage(f"sqlite:///{tmp_path / 'study.db'}"))


def test_the_foundation_is_versions_sources_and_hashes():
    environment = {"versions": {"torch": "2.13.0", "ganbench": "0.1.0", "pandas": "3.1"}, "fingerprint": "f" * 64}
    assert sessions.foundation(environment, {"digits": "a" * 64}) == HERE


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"torch": "2.14.0"}, "torch changed from 2.13.0 to 2.14.0"),
        ({"ganbench": "0.2.0"}, "ganbench changed from 0.1.0 to 0.2.0"),
        ({"fingerprint": "e" * 64}, "fingerprint changed from ffffffffffff… to eeeeeeeeeeee…"),
        ({"dataset digits": "b" * 64}, "dataset digits changed from aaaaaaaaaaaa… to bbbbbbbbbbbb…"),
    ],
)
def test_a_change_is_refused_unless_accepted_and_then_recorded(study, change, shown):
    assert sessions.departures(study, HERE, accept=False) == []
    assert sessions.departures(study, HERE, accept=False) == []
    with pytest.raises(UserError, match=rf"sweep 'small' was begun on something else \({shown}\).*--accept-changes"):
        sessions.departures(study, HERE | change, accept=False)
    departed = sessions.departures(study, HERE | change, accept=True)
    assert departed == [shown]
    sessions.end(study, sessions.begin(study, {"workers": 2}, departed))
    recorded = sessions.environment_of(study)["departures"]
    assert len(recorded) == 1
    assert recorded[0].endswith(f": {shown}")


def test_both_are_accepted_from_then_on(study):
    changed = HERE | {"torch": "2.14.0"}
    sessions.departures(study, HERE, accept=True)
    sessions.departures(study, changed, accept=True)
    assert sessions.departures(study, HERE, accept=False) == sessions.departures(study, changed, accept=False) == []
    with pytest.raises(UserError, match=r"torch changed from 2\.14\.0 to 2\.15\.0"):
        sessions.departures(study, HERE | {"torch": "2.15.0"}, accept=False)


def test_environment_tells_every_session_of_every_machine(study):
    first = sessions.begin(study, {"workers": 2, "processor": "one"}, [])
    sessions.end(study, first)
    sessions.begin(study, {"workers": 4, "processor": "other"}, ["torch changed"])
    found = sessions.environment_of(study)
    assert [session["workers"] for session in found["sessions"]] == [2, 4]
    assert [session["finished"] is None for session in found["sessions"]] == [False, True]
    assert (found["workers"], found["processor"]) == (2, "one")
    assert found["started"] <= found["finished"]


def test_a_sweep_nobody_worked_on_has_an_empty_environment(study):
    assert sessions.environment_of(study) == {"finished": None, "departures": [], "sessions": []}
