"""What to do about a failed job, by kind of failure."""

from automation.models import Job

_Kind = Job.FailureKind

ADVICE: dict[str, str] = {
    _Kind.TASK_FAILED: "Read the failing task's message and the lines around it, mend the cause, "
    "then relaunch.",
    _Kind.UNREACHABLE: "Ansible could not log in. See that the server is up, that address, port, "
    "user and key are right, and run “Check connection” on it.",
    _Kind.NO_HOSTS_MATCHED: "No play names any server of this run, or a group that one of them is "
    "in. Compare “hosts” in the playbook with the server's groups: its environment and its tags.",
    _Kind.LOCALHOST_PLAY: "All plays say “hosts: localhost”, and a launch is limited to the chosen "
    "servers. Change them to “hosts: all” and delegate what has to run on the worker with "
    "“delegate_to: localhost”, or register a server named localhost and launch on that.",
    _Kind.NO_TASKS: "Every task was left out. Look at the tags of the launch and at the "
    "conditions in the playbook.",
    _Kind.NOT_REACHED: "The run ended before it came to this server. Mend what ended it, then "
    "relaunch.",
    _Kind.PLAYBOOK_CHANGED: "The file is not the one that was registered. An admin has to read "
    "the change and accept it on the playbook's page.",
    _Kind.PLAYBOOK_MISSING: "Put the file back into the playbook folder of every worker, or "
    "correct the path on the playbook's page.",
    _Kind.BAD_YAML: "Ansible cannot read the playbook. Mend the place that its message names, "
    "accept the changed file, then relaunch.",
    _Kind.UNKNOWN_MODULE: "A module or action is misspelt, or its collection is not installed "
    "on the workers (ansible-galaxy collection install …).",
    _Kind.ANSIBLE_MISSING: "Install ansible-core where the worker runs, in its own environment.",
    _Kind.ANSIBLE_ERROR: "Read Ansible's own message below.",
    _Kind.WORKER_LOST: "The worker's machine or process went away. What it had begun may be half "
    "done: look before you relaunch.",
    _Kind.DEADLINE: "It took longer, or was silent for longer, than it may. See where it hung, or "
    "launch it with a longer deadline.",
    _Kind.INTERNAL: "That is a mistake of ours and not of the playbook. The worker's own log has "
    "the details.",
}
