"""Names with a meaning in Ansible, which cannot or should not be used for variables.

Taken from ansible-core 2.19; a test compares them with its own lists. Importing them from Ansible
here would mean importing all of Ansible into every process.
"""

# Set by Ansible itself. A value from outside is ignored, or replaces one that plays rely on: `-e
# inventory_hostname=x` gives every server the same name.
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
# A server may set these where Ansible has no value of its own.
FREE_FOR_SERVERS = {"inventory_dir", "inventory_file", "role_name", "role_path", "role_uuid"}
# No effect on a server: Ansible's own value overrides it.
MAGIC_FOR_SERVERS = MAGIC - FREE_FOR_SERVERS
# Keywords of plays, blocks and tasks. They work as variables, except `environment`.
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
# Functions in templates: a variable of the same name hides the function.
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

REFUSED = "Ansible sets this variable itself. Choose another name."


def reservation(name: str) -> str:
    """A warning about a variable name that Ansible accepts; usually ""."""
    if name == "environment":
        return (
            "“environment” is also a keyword of Ansible: under that name, tasks see their own "
            "environment instead of this value."
        )
    if name in KEYWORDS:
        return f"“{name}” is also a keyword of Ansible, which warns about it in the log."
    if name in FUNCTIONS:
        return f"“{name}” is also a function of Ansible's templates: calls to it will fail."
    return ""


def reservations(names: list[str]) -> list[str]:
    """The warnings about these names."""
    return [said for name in names if (said := reservation(name))]
