from .jobs import Job, Outcome
from .logs import JobLog
from .playbooks import Playbook
from .runs import Run, ServerLock
from .workers import Worker
from .vaults import VaultPassword

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
