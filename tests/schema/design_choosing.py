"""What chooses servers beside their names, described as in tests/schema/design.py."""

CHOOSING = """
credentials_allowed_groups
    id int
    credential_id int
    servergroup_id int
    primary key (id)
    unique (credential_id, servergroup_id)
    index (credential_id), on SQLite
    index (servergroup_id)
    credential_id → credentials.id CASCADE
    servergroup_id → server_groups.id CASCADE

credentials_allowed_inventories
    id int
    credential_id int
    inventory_id int
    primary key (id)
    unique (credential_id, inventory_id)
    index (credential_id), on SQLite
    index (inventory_id)
    credential_id → credentials.id CASCADE
    inventory_id → inventories.id CASCADE

smart_groups
    id int
    inventory_id int
    name varchar(255)
    description longtext
    filter json
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (inventory_id, name)
    index (inventory_id), on SQLite
    inventory_id → inventories.id RESTRICT
"""
