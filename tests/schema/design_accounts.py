"""The tables of accounts, described as in tests/schema/design.py."""

ACCOUNTS = """
users
    id int
    username varchar(80)
    email varchar(255)
    password_hash varchar(255)
    role enum(admin,operator,viewer,auditor) = viewer
    is_active bool = 1
    must_change_password bool = 0
    is_system bool = 0
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    last_login datetime(6)?
    primary key (id)
    unique (username)
    unique (email)
    index (role)
    check ck_users_system_inactive

api_keys
    id int
    owner_id int
    name varchar(80)
    prefix varchar(8)
    digest varchar(64)
    expires_at datetime(6)?
    revoked_at datetime(6)?
    last_used_at datetime(6)?
    noticed_at datetime(6)?
    created_at datetime(6) = now
    primary key (id)
    unique (prefix)
    unique (digest)
    index (owner_id)
    owner_id → users.id CASCADE

sessions
    id int
    session_key varchar(40)
    session_data longtext
    expire_date datetime(6)
    user_id int?
    ip_address varchar(45)
    user_agent varchar(255)
    created_at datetime(6) = now
    last_seen_at datetime(6)
    primary key (id)
    unique (session_key)
    index (expire_date)
    index (user_id)
    index (last_seen_at)
    user_id → users.id CASCADE

failed_attempts
    id int
    kind enum(login,password,api-key)
    name varchar(80)
    address varchar(45)
    count int unsigned
    untold int
    refused int unsigned
    started_at datetime(6)
    last_at datetime(6)
    blocked_until datetime(6)?
    primary key (id)
    unique (kind, name, address)
    index (kind, last_at)
    index (last_at)

saved_views
    id int
    user_id int
    list_name varchar(80)
    name varchar(80)
    query longtext
    shared bool = 0
    created_at datetime(6) = now
    updated_at datetime(6) = now, auto
    primary key (id)
    unique (user_id, list_name, name)
    index (list_name, shared)
    user_id → users.id CASCADE
"""
