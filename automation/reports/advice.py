"""What to do about a failed job, by the kind of its failure."""

from automation.models import Job

_Kind = Job.FailureKind

# Of a task that failed its own message says it.
ADVICE: dict[str, str] = {
    _Kind.UNREACHABLE: (
        "Ansible could not log in. Check that the server is up and that its address, port, user "
        "and key are right, then run “Check connection” on it."
    ),
    _Kind.NO_HOSTS_MATCHED: (
        "No play's hosts match the servers of this run. Compare “hosts” in the playbook with "
        "the server's groups: its environment and its tags."
    ),
    _Kind.LOCALHOST_PLAY: (
        "Every play has “hosts: localhost”, and a launch is limited to the chosen servers. Use "
        "“hosts: all” and delegate what has to run on the worker with “delegate_to: localhost”, "
        "or register a server named localhost and launch on it."
    ),
    _Kind.NO_TASKS: (
        "No task was selected. Check the tags of the launch and the conditions in the playbook."
    ),
    _Kind.NOT_REACHED: (
        "The run stopped before it reached this server. Fix what stopped it, then relaunch."
    ),
    _Kind.PLAYBOOK_CHANGED: (
        "The file differs from the one that was accepted. An admin has to review the change and "
        "accept it on the playbook's page."
    ),
    _Kind.PLAYBOOK_MISSING: (
        "Restore the file in the playbook folder of every worker, or correct the path on the "
        "playbook's page."
    ),
    _Kind.BAD_YAML: (
        "Ansible cannot read the playbook. Fix the line that its message names, accept the "
        "changed file, then relaunch."
    ),
    _Kind.UNKNOWN_MODULE: (
        "A module or action is misspelt, or its collection is not installed on the workers "
        "(ansible-galaxy collection install …)."
    ),
    _Kind.ANSIBLE_MISSING: ("Install ansible-core in the worker's own environment."),
    _Kind.ANSIBLE_ERROR: ("See Ansible's own message in the log."),
    _Kind.WORKER_LOST: (
        "The worker's machine or process went away. Tasks may be half done: check the server "
        "before you relaunch."
    ),
    _Kind.DEADLINE: (
        "It exceeded its time limit, or its limit without output. See where it hung, or "
        "relaunch it with a longer limit."
    ),
    _Kind.INTERNAL: (
        "This is a fault of InfraOps, not of the playbook. The worker's own log has the details."
    ),
}
