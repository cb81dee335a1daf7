"""The table of artifacts, described as in tests/schema/design.py."""

ARTIFACTS = """
run_artifacts
    id int
    run_id int
    number int
    path varchar(500)
    size bigint
    created_at datetime(6)
    primary key (id)
    unique (run_id, number)
    check ck_run_artifacts_number
    run_id → runs.id CASCADE
"""
