"""What pages and messages say about failed jobs is true."""

from automation.execution.masking import Masking
from automation.execution.not_run import Plays
from automation.models import Job
from automation.reports.advice import ADVICE


def test_nothing_says_that_environment_or_tags_make_groups():
    for said in (
        ADVICE[Job.FailureKind.NO_HOSTS_MATCHED],
        Plays(Masking([])).outcome("web1", anybody=False).error_message,
    ):
        assert "groups" in said and "tags" not in said
