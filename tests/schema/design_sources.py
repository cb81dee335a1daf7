"""The tables of inventories and their sources, written as in design.py."""

SOURCES = """
inventories
    id int
    name varchar(80)
    description longtext
    is_default bool?
    separates_environments bool = 0
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (name)
    unique (is_default)

inventory_sources
    id int
    inventory_id int
    name varchar(80)
    kind enum(path,upload) = path
    path varchar(500)
    content longtext
    format enum(,ini,yaml,toml) =
    environment varchar(50)
    pass_environment json = []
    syncs enum(by_hand,on_change,by_interval) = by_hand
    interval_minutes int?
    digest varchar(64)
    synced_at datetime(6)?
    state enum(new,synced,failed) = new
    message longtext
    is_active bool = 1
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    progress enum(idle,queued,running) = idle
    progress_since datetime(6)?
    sync_cause enum(by_hand,changed,schedule) = by_hand
    is_dry_run bool = 0
    asked_by_id int?
    expected_digest varchar(64)
    sync_token varchar(36)?
    plan json = {}
    seen_glance varchar(64)
    primary key (id)
    unique (inventory_id, name)
    unique (sync_token)
    index (inventory_id), on SQLite
    index (asked_by_id)
    check ck_inventory_sources_interval
    inventory_id → inventories.id RESTRICT
    asked_by_id → users.id SET NULL

variable_overrides
    id int
    server_id int?
    group_id int?
    name varchar(255)
    value json
    replaced json = {}
    file varchar(500)
    conflict enum(,changed,removed) =
    set_by_id int?
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (server_id, name)
    unique (group_id, name)
    index (server_id), on SQLite
    index (group_id), on SQLite
    index (set_by_id)
    check ck_variable_overrides_one
    server_id → servers.id CASCADE
    group_id → server_groups.id CASCADE
    set_by_id → users.id SET NULL
"""
