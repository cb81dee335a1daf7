"""The console's record keeper for automation's tables; each module registers its own."""

from . import jobs, playbooks, queue, results, runs, vault_passwords  # noqa: F401
