"""The tables of the audit trail, written as in design.py."""

AUDIT = """
audit_logs
    id bigint
    user_id int?
    action varchar(100)
    resource_type varchar(50)
    resource_id varchar(64)?
    details json = {}
    ip_address varchar(45)?
    user_agent varchar(255) =
    timestamp datetime(6) = now
    primary key (id)
    index (user_id)
    index (action)
    index (resource_type)
    index (timestamp)
    index (resource_type, resource_id)
    index (resource_type, resource_id, timestamp)
    index (action, timestamp)
    user_id → users.id SET NULL

audit_seals
    id bigint
    from_id bigint
    to_id bigint
    lines int
    digests longblob
    previous varchar(64)
    sha256 varchar(64)
    signature varchar(64)
    sealed_at datetime(6)
    primary key (id)
    unique (from_id)
    unique (previous)
"""
