"""Names that mean something to Ansible itself, and so cannot or should not name a variable.

As ansible-core 2.19 has them; a test compares them with its own lists. To ask it here would mean to
import it into every process of ours.
"""

# Set by Ansible wherever they are looked at. From outside they are not seen, or they take the place
# of what plays rely on: `-e inventory_hostname=x` gives every server the same name.
MAGIC = frozenset(
    {
        "ansible_async_path",
        "ansible_check_mode",
        "ansible_collection_name",
        "ansible_config_file",
        "ansible_delegated_vars",
        "ansible_dependent_role_names",
        "ansible_diff_mode",
        "ansible_facts",
        "ansible_forks",
        "ansible_index_var",
        "ansible_inventory_sources",
        "ansible_limit",
        "ansible_loop",
        "ansible_loop_var",
        "ansible_parent_role_names",
        "ansible_parent_role_paths",
        "ansible_play_batch",
        "ansible_play_hosts",
        "ansible_play_hosts_all",
        "ansible_play_name",
        "ansible_play_role_names",
        "ansible_playbook_python",
        "ansible_role_name",
        "ansible_role_names",
        "ansible_run_tags",
        "ansible_search_path",
        "ansible_skip_tags",
        "ansible_verbosity",
        "ansible_version",
        "group_names",
        "groups",
        "hostvars",
        "inventory_dir",
        "inventory_file",
        "inventory_hostname",
        "inventory_hostname_short",
        "omit",
        "play_hosts",
        "playbook_dir",
        "role_name",
        "role_names",
        "role_path",
        "role_uuid",
        "vars",
    }
)
# These a server's variables can still give, where Ansible has no value of its own.
FREE_FOR_SERVERS = {"inventory_dir", "inventory_file", "role_name", "role_path", "role_uuid"}
# In vain for a server: Ansible's own value comes after.
MAGIC_FOR_SERVERS = MAGIC - FREE_FOR_SERVERS
# Of plays, blocks and tasks. As variables they work, but for `environment`.
KEYWORDS = frozenset(
    {
        "action",
        "always",
        "any_errors_fatal",
        "args",
        "async",
        "async_val",
        "become",
        "become_exe",
        "become_flags",
        "become_method",
        "become_user",
        "block",
        "changed_when",
        "check_mode",
        "collections",
        "connection",
        "debugger",
        "delay",
        "delegate_facts",
        "delegate_to",
        "diff",
        "environment",
        "fact_path",
        "failed_when",
        "force_handlers",
        "gather_facts",
        "gather_timeout",
        "handlers",
        "hosts",
        "ignore_errors",
        "ignore_unreachable",
        "local_action",
        "loop",
        "loop_control",
        "loop_with",
        "max_fail_percentage",
        "module_defaults",
        "name",
        "no_log",
        "notify",
        "order",
        "poll",
        "port",
        "post_tasks",
        "pre_tasks",
        "register",
        "remote_user",
        "rescue",
        "retries",
        "roles",
        "run_once",
        "serial",
        "strategy",
        "tags",
        "tasks",
        "throttle",
        "timeout",
        "until",
        "vars_files",
        "vars_prompt",
        "when",
    }
)
# What templates call: a variable of that name takes its place.
FUNCTIONS = frozenset(
    {
        "cycler",
        "dict",
        "joiner",
        "lipsum",
        "lookup",
        "namespace",
        "now",
        "q",
        "query",
        "range",
        "undef",
    }
)

REFUSED = "Ansible sets this one itself: choose another name."


def reservation(name: str) -> str:
    """What is to be said about a variable of this name, which Ansible takes; mostly nothing."""
    if name == "environment":
        return (
            "“environment” is also a keyword of Ansible: tasks see their own environment under "
            "that name, and not this value."
        )
    if name in KEYWORDS:
        return f"“{name}” is also a keyword of Ansible, which warns about it in the log."
    if name in FUNCTIONS:
        return f"“{name}” is also a function of Ansible's templates: those that call it will fail."
    return ""


def reservations(names: list[str]) -> list[str]:
    """For each of the names about which something is to be said."""
    return [said for name in names if (said := reservation(name))]
