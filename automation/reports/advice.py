"""What to do about a failed job, by kind of failure."""

from automation.models import Job

_Kind = Job.FailureKind

# None for a failed task: its own message says more.
ADVICE: dict[str, str] = {
    _Kind.UNREACHABLE: "Ansible could not connect or log in. Check that the server is up and "
    "that its address, port, user and key are right, then run “Check connection” on it.",
    _Kind.NO_HOSTS_MATCHED: "No play targets any server of this run. Compare “hosts” in the "
    "playbook with the servers' names and groups: each server's page lists its groups.",
    _Kind.LOCALHOST_PLAY: "Every play has “hosts: localhost”, but the run was limited to the "
    "chosen servers. An admin can let the playbook run such plays in every launch (in its form, "
    "“Plays for localhost run”); a launch on the whole inventory runs them anyway.",
    _Kind.NO_TASKS: "Every task was skipped. Check the tags of the launch and the conditions in "
    "the playbook.",
    _Kind.NOT_REACHED: "The run stopped before it reached this server. Fix what stopped it, then "
    "relaunch on the unreached servers.",
    _Kind.PLAYBOOK_CHANGED: "The file differs from the registered one. An admin has to review "
    "the change and accept it on the playbook's page.",
    _Kind.PLAYBOOK_MISSING: "Restore the file in the playbook folder of every worker, or "
    "correct the path on the playbook's page.",
    _Kind.BAD_YAML: "Ansible cannot parse the playbook. Fix the line named in the message, "
    "accept the changed file, then relaunch.",
    _Kind.UNKNOWN_MODULE: "A module or action is misspelt, or its collection is not installed "
    "on the workers (ansible-galaxy collection install …).",
    _Kind.ANSIBLE_MISSING: "Install ansible-core in the worker's own Python environment.",
    _Kind.WORKER_LOST: "The worker process or its machine died. Changes may be incomplete: check "
    "the server before you relaunch.",
    _Kind.DEADLINE: "The run reached its time limit, or its limit without output. See where it "
    "hung, or relaunch with a longer limit.",
    _Kind.INTERNAL: "The cause is InfraOps or its worker, not the playbook. If the message names "
    "nothing to change, it is a bug; the worker's own log has the details.",
}
