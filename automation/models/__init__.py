from .jobs import Job, Outcome
from .logs import JobLog
from .playbooks import Playbook
from .results import TaskResult
from .runs import Run, ServerLock
from .vaults import VaultPassword
from .workers import Worker

__all__ = [
    "Job",
    "JobLog",
    "Outcome",
    "Playbook",
    "Run",
    "ServerLock",
    "TaskResult",
    "VaultPassword",
    "Worker",
]
