from .artifacts import RunArtifact
from .host_results import HostResult
from .jobs import Job, Outcome
from .logs import JobLog
from .playbooks import Playbook
from .results import TaskResult
from .run_claims import ClaimLost
from .run_logs import RunLog
from .runs import Run
from .server_locks import ServerLock
from .vaults import VaultPassword
from .verdicts import Level, Verdict, Violation
from .workers import Worker

__all__ = [
    "ClaimLost",
    "HostResult",
    "Job",
    "JobLog",
    "Level",
    "Outcome",
    "Playbook",
    "Run",
    "RunArtifact",
    "RunLog",
    "ServerLock",
    "TaskResult",
    "VaultPassword",
    "Verdict",
    "Violation",
    "Worker",
]
