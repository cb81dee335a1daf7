from django.urls import path

from .views import artifacts, jobs, launching, logs, playbooks, run_logs, run_page, runs

app_name = "automation"

urlpatterns = [
    path("jobs/launch/", launching.job_launch, name="job_launch"),
    path("jobs/launch/variables/", launching.job_launch_variables, name="job_launch_variables"),
    path("jobs/launch/servers/", launching.job_launch_servers, name="job_launch_servers"),
    path("jobs/launch/plan/", launching.job_launch_plan, name="job_launch_plan"),
    path("jobs/<uuid:job_id>/", jobs.job_detail, name="job_detail"),
    path("jobs/<uuid:job_id>/lines/", logs.job_lines, name="job_lines"),
    path("jobs/<uuid:job_id>/search/", logs.job_search, name="job_search"),
    path("jobs/<uuid:job_id>/tasks/", jobs.job_tasks, name="job_tasks"),
    path("jobs/<uuid:job_id>/tasks/<int:number>/", jobs.job_task, name="job_task"),
    path("jobs/<uuid:job_id>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("jobs/<uuid:job_id>/log.txt", logs.job_log_download, name="job_log_download"),
    path("runs/<int:pk>/", run_page.run_detail, name="run_detail"),
    path("runs/<int:pk>/live/", run_page.run_live, name="run_live"),
    path("runs/<int:pk>/lines/", run_logs.run_lines, name="run_lines"),
    path("runs/<int:pk>/search/", run_logs.run_search, name="run_search"),
    path("runs/<int:pk>/log.txt", run_logs.run_log_download, name="run_log_download"),
    path("runs/<int:pk>/artifacts/<int:number>/", artifacts.run_artifact, name="run_artifact"),
    path("runs/<int:pk>/hosts/<int:number>/", run_page.run_host_task, name="run_host_task"),
    path("runs/<int:pk>/cancel/", runs.run_cancel, name="run_cancel"),
    path("runs/<int:pk>/relaunch/", runs.run_relaunch, name="run_relaunch"),
    path("servers/<int:pk>/check/", launching.server_check, name="server_check"),
    path("playbooks/<int:pk>/", playbooks.playbook_detail, name="playbook_detail"),
    path("playbooks/<int:pk>/accept/", playbooks.playbook_accept, name="playbook_accept"),
]
