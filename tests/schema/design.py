"""Every table as the design has it: one description for SQLite, MariaDB and MySQL.

`?` may be null · `=` default of the database · "auto" also set by any UPDATE (MySQL, MariaDB) ·
`→` foreign key with its ON DELETE. A CHECK stands by its name; tests/schema/test_database_rules.py
tries what it refuses. “, on SQLite”: only there; elsewhere another index does. Compared with the
live database in tests/schema/test_live_schema.py.
"""

from tests.schema.design_accounts import ACCOUNTS
from tests.schema.design_audit import AUDIT
from tests.schema.design_choosing import CHOOSING
from tests.schema.design_results import RESULTS
from tests.schema.design_sources import SOURCES

DESIGN = """
credentials
    id int
    name varchar(80)
    description longtext
    ssh_user varchar(80)
    ssh_private_key longtext
    ssh_key_passphrase longtext
    ssh_password longtext
    become_method varchar(80)
    become_user varchar(80)
    become_password longtext
    environment longtext
    environments json = []
    roles json = []
    is_active bool = 1
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (name)

credentials_allowed_servers
    id int
    credential_id int
    server_id int
    primary key (id)
    unique (credential_id, server_id)
    index (credential_id), on SQLite
    index (server_id)
    credential_id → credentials.id CASCADE
    server_id → servers.id CASCADE

servers
    id int
    source_id int?
    missing_since datetime(6)?
    was_active bool = 0
    inventory_id int
    inventory_name varchar(255)
    position int = 2147483647
    hostname varchar(255)
    ip_address varchar(45)
    os_type varchar(50)
    os_version varchar(50)
    ssh_port int = 22
    ssh_user varchar(80)
    ssh_key_path varchar(500)
    credential_id int?
    tags json = {}
    environment varchar(50) = development
    description longtext
    is_active bool = 1
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    variables json = {}
    host_key longtext
    variable_files json = []
    imported_variables json = []
    sealed_with smallint = 0
    primary key (id)
    unique (hostname)
    unique (inventory_id, inventory_name)
    index (ip_address)
    index (is_active, environment)
    index (sealed_with)
    index (credential_id)
    index (inventory_id), on SQLite
    index (source_id)
    check ck_servers_ssh_port
    credential_id → credentials.id RESTRICT
    inventory_id → inventories.id RESTRICT
    source_id → inventory_sources.id SET NULL

server_groups
    id int
    source_id int?
    inventory_id int
    name varchar(255)
    description longtext
    variables json = {}
    variable_files json = []
    imported_variables json = []
    sealed_with smallint = 0
    priority int = 1
    position int = 2147483647
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (inventory_id, name)
    index (sealed_with)
    index (inventory_id), on SQLite
    index (source_id)
    inventory_id → inventories.id RESTRICT
    source_id → inventory_sources.id SET NULL

server_group_members
    id int
    source_id int?
    group_id int
    server_id int?
    child_id int?
    position int = 2147483647
    primary key (id)
    unique (group_id, server_id)
    unique (group_id, child_id)
    index (group_id), on SQLite
    index (server_id)
    index (child_id)
    index (source_id)
    check ck_server_group_members_one
    group_id → server_groups.id CASCADE
    server_id → servers.id CASCADE
    child_id → server_groups.id CASCADE
    source_id → inventory_sources.id SET NULL

server_facts
    id int
    server_id int
    facts json = {}
    gathered_at datetime(6)
    primary key (id)
    unique (server_id)
    server_id → servers.id CASCADE

playbooks
    id int
    name varchar(120)
    description longtext
    file_path varchar(500)
    file_hash varchar(64)
    tags json = []
    variables json = {}
    option_rules json = {}
    accepts_undeclared bool = 0
    working_directory varchar(500) =
    runs_localhost bool = 0
    is_active bool = 1
    is_exclusive bool = 0
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (name)

vault_passwords
    id int
    playbook_id int?
    inventory_id int?
    vault_id varchar(50) = default
    password longtext
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (playbook_id, vault_id)
    unique (inventory_id, vault_id)
    check ck_vaultpasswords_one_owner
    playbook_id → playbooks.id CASCADE
    inventory_id → inventories.id CASCADE

runs
    id int
    playbook_id int
    credential_id int?
    launched_by_id int
    playbook_hash varchar(64)
    extra_vars json = {}
    check_mode bool = 0
    diff_mode bool = 0
    tags varchar(500)
    skip_tags varchar(500)
    start_at_task varchar(255) =
    verbosity smallint = 0
    forks smallint = 5
    become bool = 0
    deadline_seconds int
    idle_deadline_seconds int?
    chosen_by json = {}
    whole_inventory bool = 0
    runs_localhost bool = 0
    other_hosts json = []
    relaunch_of_id int?
    idempotency_key varchar(64)?
    working_directory varchar(500) =
    ansible_config json = {}
    artifact_count smallint = 0
    artifacts_note varchar(500) =
    idle_plays json = []
    unmasked json = []
    ansible_version varchar(50) =
    python_version varchar(50) =
    held_until datetime(6)?
    held_reason varchar(500) =
    overridden json = []
    command longtext
    queue varchar(50) = default
    state enum(pending,running,finished) = pending
    outcome enum(,failed,cancelled,success,skipped) =
    claim_token varchar(36)?
    worker_host varchar(255)
    worker_pid int?
    heartbeat_at datetime(6)?
    watched_beat_at datetime(6)?
    watched_at datetime(6)?
    exclusive_key varchar(64)?
    cancel_requested_at datetime(6)?
    cancel_reason varchar(200) =
    cancelled_by_id int?
    exit_code int?
    created_at datetime(6) = now
    started_at datetime(6)?
    finished_at datetime(6)?
    primary key (id)
    unique (exclusive_key)
    unique (claim_token)
    unique (launched_by_id, idempotency_key)
    index (playbook_id)
    index (cancelled_by_id)
    index (relaunch_of_id)
    index (credential_id)
    index (state, id)
    index (state, held_until, id)
    playbook_id → playbooks.id RESTRICT
    launched_by_id → users.id RESTRICT
    cancelled_by_id → users.id SET NULL
    relaunch_of_id → runs.id SET NULL
    credential_id → credentials.id RESTRICT

server_locks
    id int
    server_id int
    run_id int
    created_at datetime(6) = now
    primary key (id)
    unique (server_id)
    index (run_id)
    server_id → servers.id CASCADE
    run_id → runs.id CASCADE

jobs
    id int
    job_id varchar(36)
    playbook_id int
    server_id int
    user_id int
    status enum(pending,running,success,failed,cancelled,skipped) = pending
    task_id varchar(64)?
    extra_vars json = {}
    error_message longtext
    started_at datetime(6)?
    completed_at datetime(6)?
    created_at datetime(6) = now
    run_id int
    failure_kind enum(FAILURES) =
    failed_task varchar(255) =
    failed_place varchar(500) =
    counts json = {}
    archived_at datetime(6)?
    primary key (id)
    unique (job_id)
    index (playbook_id)
    index (server_id)
    index (user_id)
    index (run_id)
    index (status)
    index (task_id)
    index (status, created_at)
    index (user_id, status)
    index (user_id, created_at)
    index (created_at, status)
    index (playbook_id, status)
    index (server_id, playbook_id, status)
    playbook_id → playbooks.id RESTRICT
    server_id → servers.id RESTRICT
    user_id → users.id RESTRICT
    run_id → runs.id RESTRICT

workers
    id int
    host varchar(255)
    pid int
    seen_at datetime(6)
    primary key (id)
    unique (host, pid)
    index (seen_at)

tickets
    id int
    ticket_id varchar(36)
    job_id int?
    created_by int
    assigned_to int?
    title varchar(200)
    description longtext
    status enum(open,in_progress,resolved,closed) = open
    priority enum(low,medium,high,critical) = medium
    open_key varchar(64)?
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    resolved_at datetime(6)?
    primary key (id)
    unique (ticket_id)
    unique (open_key)
    index (job_id)
    index (created_by)
    index (assigned_to)
    index (status)
    index (status, priority)
    job_id → jobs.id RESTRICT
    created_by → users.id RESTRICT
    assigned_to → users.id SET NULL

ticket_occurrences
    id int
    ticket_id int
    job_id int
    created_at datetime(6) = now
    cleared_at datetime(6)?
    primary key (id)
    unique (job_id)
    index (ticket_id)
    ticket_id → tickets.id CASCADE
    job_id → jobs.id CASCADE

ticket_comments
    id int
    ticket_id int
    created_by int
    text longtext
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    index (created_by)
    index (ticket_id)
    ticket_id → tickets.id CASCADE
    created_by → users.id RESTRICT
"""

# Too long for one line: why a job failed.
FAILURES = (
    ",task_failed,unreachable,no_hosts_matched,localhost_play,no_tasks,not_reached,"
    "playbook_changed,playbook_missing,bad_yaml,unknown_module,ansible_missing,ansible_error,"
    "worker_lost,deadline,internal"
)

FURTHER = (CHOOSING, SOURCES, RESULTS, AUDIT)
TABLES = {
    lines[0]: [line.strip() for line in lines[1:]]
    for design in (ACCOUNTS, DESIGN.replace("FAILURES", FAILURES), *FURTHER)
    for block in design.strip().split("\n\n")
    if (lines := block.splitlines())
}
