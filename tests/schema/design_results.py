"""What runs leave behind, line by line and task by task; written as in design.py."""

RESULTS = """
job_logs
    id bigint
    job_id int
    line_number int
    content longtext
    log_level enum(debug,info,warning,error) = info
    timestamp datetime(6) = now
    primary key (id)
    unique (job_id, line_number)
    index (timestamp)
    check ck_joblogs_line_number
    job_id → jobs.id CASCADE

run_logs
    id bigint
    run_id int
    first_line int
    content longtext
    printed_at datetime(6)
    primary key (id)
    unique (run_id, first_line)
    check ck_runlogs_first_line
    run_id → runs.id CASCADE

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

host_results
    id bigint
    run_id int
    host varchar(255)
    number int
    play varchar(255)
    task varchar(255)
    action varchar(255)
    status enum(ok,changed,failed,skipped,unreachable,ignored,rescued)
    changed bool = 0
    started_at datetime(6)
    duration double
    path varchar(500)
    message varchar(1000)
    diff longtext
    result longtext
    result_is_cut bool = 0
    primary key (id)
    unique (run_id, number)
    check ck_hostresults_number
    run_id → runs.id CASCADE

task_results
    id bigint
    job_id int
    number int
    play varchar(255)
    task varchar(255)
    action varchar(255)
    status enum(ok,changed,failed,skipped,unreachable,ignored,rescued)
    changed bool = 0
    started_at datetime(6)
    duration double
    path varchar(500)
    message varchar(1000)
    diff longtext
    result longtext
    result_is_cut bool = 0
    primary key (id)
    unique (job_id, number)
    check ck_taskresults_number
    job_id → jobs.id CASCADE
"""
