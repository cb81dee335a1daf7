"""Admin pages of automation's models; each module registers its own."""

from . import jobs, playbooks, queue, results, runs, vault_passwords  # noqa: F401
