# Sourced by the MariaDB image's entrypoint when it creates the database: docker_process_sql and
# docker_sql_escape_string_literal are its functions. The owner migrates, and grants the
# application's account what it needs (`manage.py show_grants`); that account cannot change the
# audit trail.
docker_process_sql --database=mysql <<-SQL
CREATE USER 'infraops_owner'@'%' IDENTIFIED BY '$(docker_sql_escape_string_literal "${INFRAOPS_OWNER_PASSWORD}")';
GRANT ALL ON infraops.* TO 'infraops_owner'@'%' WITH GRANT OPTION;
CREATE USER 'infraops_app'@'%' IDENTIFIED BY '$(docker_sql_escape_string_literal "${INFRAOPS_APP_PASSWORD}")';
SQL
